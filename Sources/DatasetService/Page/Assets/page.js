"use strict";

// The pages are whole without this: it keeps times and figures fresh, and puts "/" on the keyboard.

function ago(seconds) {
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 60 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
  if (seconds < 730 * 86400) return `${Math.floor(seconds / (30.44 * 86400))} months ago`;
  return `${Math.floor(seconds / (365.25 * 86400))} years ago`;
}

function freshenTimes() {
  for (const time of document.querySelectorAll("time")) {
    const text = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}

// Parts that change by themselves are asked for anew and exchanged where they differ, but never under somebody's hands.
async function freshenParts() {
  const parts = document.querySelectorAll("[data-live]");
  if (parts.length === 0) return;
  try {
    // A search among entries is nobody's to repeat: its page shows the state of the dataset without it as well.
    const source = document.getElementById("entries") ? location.pathname : location.href;
    const answer = await fetch(source, { cache: "no-store" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of parts) {
      const other = fresh.getElementById(part.id);
      if (!other || part.contains(document.activeElement) || text(part) === text(other)) continue;
      part.replaceChildren(...other.childNodes);
    }
    showOffline(false);
  } catch {
    showOffline(true);
  }
  freshenTimes();
}

// What differs only in how long ago it was does not differ.
function text(part) {
  const copy = part.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  return copy.innerHTML;
}

function showOffline(isOffline) {
  let notice = document.getElementById("offline");
  if (!notice) {
    if (!isOffline) return;
    notice = document.createElement("p");
    notice.id = "offline";
    notice.className = "notice is-bad offline";
    notice.setAttribute("role", "status");
    document.getElementById("content").append(notice);
  }
  notice.hidden = !isOffline;
  notice.textContent = isOffline ? "The service does not answer. What is shown may be old." : "";
}

function keepFresh() {
  setTimeout(async () => {
    if (!document.hidden) await freshenParts();
    keepFresh();
  }, 4000);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) freshenParts(); });
document.addEventListener("keydown", event => {
  const search = document.getElementById("q");
  const isTyping = event.target instanceof Element && event.target.matches("input, select, textarea");
  if (event.key !== "/" || !search || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
  search.select();
});

freshenTimes();
keepFresh();
