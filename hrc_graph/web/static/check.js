// The check of the desk's page while somebody types: the same page from the server, of which the marked parts are taken.
"use strict";
const form = document.querySelector("form[data-check]");
let waiting = 0;
let asked = null;
function check() {
  if (asked) asked.abort();
  const fields = new URLSearchParams(new FormData(form));
  fields.set("do", "check");
  asked = new XMLHttpRequest(); // it reads HTML into a document, where no script of it runs
  asked.open("POST", form.action);
  asked.responseType = "document";
  asked.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
  asked.onload = function () {
    if (this.status !== 200 || !this.response) return;
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = this.response.getElementById(part.id);
      if (!fresh || part.closest("[data-live] [data-live]")) continue;
      if (part.contains(document.activeElement) || part.isEqualNode(fresh)) continue;
      const field = part.closest(".field");
      if (field) field.classList.toggle("wrong", fresh.querySelector(".error") !== null);
      part.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
    }
  };
  asked.send(fields);
}
if (form) {
  form.addEventListener("input", (event) => {
    if (event.target.name === "why") return;
    clearTimeout(waiting);
    waiting = setTimeout(check, 600);
  });
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    if (asked) asked.abort();
  });
}
