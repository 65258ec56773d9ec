// Search runs in a worker, and browsers start none for pages that are opened from a folder. There, a hidden frame does
// its work. The site's search names this file by its place in `extra.polyfills` of mkdocs.yml.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.srcdoc = `<script src="${url}"></script>`
      this.ready = new Promise((resolve) => {
        this.frame.onload = () => {
          this.frame.contentWindow.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }))
          resolve()
        }
      })
      const place = () => document.body.append(this.frame)
      document.body ? place() : addEventListener("DOMContentLoaded", place)
    }

    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
    }
  }
}
