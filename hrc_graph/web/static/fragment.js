// What stands after # in a link never leaves the browser by itself: it is put into the form here, and out of the address.
"use strict";
const parts = location.hash.slice(1).split(".");
if (parts[0]) {
  for (const field of document.querySelectorAll("[data-fragment]")) {
    field.value = parts[Number(field.dataset.fragment)] || field.value;
  }
  history.replaceState(null, "", location.pathname + location.search);
}
