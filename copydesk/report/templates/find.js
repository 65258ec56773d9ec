"use strict";
/* A search field above each long list; without this script the lists are whole. Row text is only ever read as text. */
for (const list of document.querySelectorAll("[data-find]")) {
  const parts = list.querySelectorAll(".part");
  const rows = parts.length ? [...list.querySelectorAll(".part > li")] : [...list.children];
  if (rows.length < 12) continue;
  const field = document.createElement("input");
  const told = document.createElement("output");
  const label = document.createElement("label");
  field.type = "search";
  field.autocomplete = "off";
  label.className = "find";
  label.append(`Find in ${rows.length.toLocaleString("en")} ${list.dataset.find} `, field, " ", told);
  (list.closest("table") || list).before(label);
  let texts = null, waiting = 0;
  const find = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    texts ??= rows.map((row) => row.textContent.toLowerCase());
    let left = 0;
    rows.forEach((row, place) => {
      const fits = words.every((word) => texts[place].includes(word));
      left += fits;
      if (row.hidden === fits) row.hidden = !fits;
    });
    /* Few rows are laid out at once, since what lies between them is hidden. */
    list.classList.toggle("found", left < 1000);
    for (const part of parts) part.hidden = ![...part.children].some((row) => !row.hidden);
    told.textContent = words.length ? `${left.toLocaleString("en")} found` : "";
  };
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(find, 120); });
  const asked = () => {
    const match = /^#find=(.*)$/.exec(location.hash);
    if (!match) return;
    try { field.value = decodeURIComponent(match[1]); } catch { return; }
    find();
  };
  addEventListener("hashchange", asked);
  asked();
}
/* The target of a link may lie in a closed part. */
const open = () => {
  let part = document.getElementById(location.hash.slice(1));
  for (; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
};
addEventListener("hashchange", open);
open();
