"use strict";

// Text goes into the page as text alone: what a dataset or an error is called can never become markup.
const byID = id => document.getElementById(id);
const dash = "–";
const count = new Intl.NumberFormat("en-US");
const rateFormat = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

const isNumber = value => typeof value === "number" && Number.isFinite(value);
const number = value => isNumber(value) ? count.format(value) : dash;

function bytes(value) {
  if (!isNumber(value)) return dash;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${rateFormat.format(value)} ${units[unit]}`;
}

function age(seconds) {
  if (!isNumber(seconds)) return dash;
  if (seconds < 1) return seconds > 0 ? "< 1 s" : dash;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60 % 60)} min`;
}

function cell(row, label, value, kind = "words") {
  const cell = row.insertCell();
  cell.dataset.label = label;
  cell.className = kind;
  if (value instanceof Node) {
    cell.append(value);
  } else {
    const text = document.createElement("span");
    text.textContent = value;
    cell.append(text);
  }
  return cell;
}

// Widths are attributes of SVG, as the page allows no styles of its own.
function meter(used, room) {
  if (!isNumber(used) || !isNumber(room) || room <= 0) return dash;
  const box = document.createElement("span");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "bar");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${number(used)} of ${number(room)} bytes`);
  const fill = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  fill.setAttribute("class", "second");
  fill.setAttribute("height", "100%");
  fill.setAttribute("width", `${Math.min(100, 100 * used / room)}%`);
  svg.append(fill);
  const text = document.createElement("span");
  text.className = "small quiet";
  text.textContent = `${number(used)} of ${number(room)}`;
  box.className = "meter";
  box.append(svg, text);
  return box;
}

function fill(name, rows) {
  byID(`${name}-table`).hidden = rows.length === 0;
  byID(`${name}-empty`).hidden = rows.length > 0;
  byID(name).replaceChildren(...rows);
}

let earlier = null;
let shownRate = null;

// Over at least a second and a half, so that two readings in a row do not make a jumping number.
function settledRate(settled) {
  const now = performance.now();
  if (!isNumber(settled)) return null;
  if (earlier && settled >= earlier.settled && now - earlier.time >= 1500) {
    shownRate = (settled - earlier.settled) / (now - earlier.time) * 1000;
    earlier = { settled, time: now };
  } else if (!earlier || settled < earlier.settled) {
    earlier = { settled, time: now };
  }
  return shownRate;
}

function showReasons(reasons) {
  byID("trouble").hidden = reasons.length === 0;
  byID("reasons").replaceChildren(...reasons.map(reason => {
    const item = document.createElement("li");
    item.textContent = reason;
    return item;
  }));
}

function rowHead(text, note, isBad = false) {
  const head = document.createElement("th");
  head.scope = "row";
  head.append(text);
  if (note) {
    const line = document.createElement("span");
    line.className = isBad ? "note small bad" : "note small quiet";
    line.textContent = note;
    head.append(line);
  }
  return head;
}

function waitingRow(partition, lane) {
  const row = document.createElement("tr");
  const head = rowHead(lane.dataset || "records of no dataset", lane.detail);
  head.className = "wide";
  row.append(head);
  cell(row, "Reason", lane.reason || dash);
  cell(row, "Partition", `${partition.partition}`, "number");
  cell(row, "Failures", number(lane.failures), "number");
  cell(row, "For", age(lane.seconds), "number");
  return row;
}

function partitionRow(partition) {
  const row = document.createElement("tr");
  const isStalled = isNumber(partition.stalledSeconds);
  const notes = [
    isStalled && [`no progress for ${age(partition.stalledSeconds)}`, partition.holdup].filter(Boolean).join(": "),
    partition.isPaused && "reading is paused",
  ];
  const head = rowHead(`${partition.partition}`, notes.filter(Boolean).join("; "), isStalled);
  head.dataset.label = "Partition";
  row.append(head);
  cell(row, "Watermark", number(partition.watermark), "number");
  cell(row, "Position", number(partition.position), "number");
  cell(row, "Lag", number(partition.lag), "number");
  cell(row, "In flight", number(partition.lanesInFlight), "number");
  cell(row, "Waiting", number(partition.lanesWaiting), "number");
  cell(row, "Oldest unsettled", age(partition.oldestUnsettledSeconds), "number");
  cell(row, "Ledger", meter(partition.ledgerBytes, partition.ledgerLimit), "ledger");
  return row;
}

function show(status) {
  const partitions = Array.isArray(status.partitions) ? status.partitions : [];
  const membership = status.membership ?? {};
  const totals = status.totals ?? {};
  const memory = status.memory ?? {};

  byID("name").textContent = membership.instance || "Worker";
  byID("facts").textContent = [
    status.topic && `topic ${status.topic}`,
    status.group && `group ${status.group}`,
    membership.state,
    `${number(partitions.length)} partition${partitions.length === 1 ? "" : "s"}`,
  ].filter(Boolean).join(" · ");
  showReasons((status.readiness?.obstacles ?? []).map(obstacle => obstacle.detail || obstacle.reason));

  const lags = partitions.map(partition => partition.lag).filter(isNumber);
  const ages = partitions.map(partition => partition.oldestUnsettledSeconds).filter(isNumber);
  const rate = settledRate(totals.eventsSettled);
  byID("settled").textContent = number(totals.eventsSettled);
  byID("rate").textContent = rate === null ? dash : rateFormat.format(rate);
  byID("lag").textContent = lags.length ? number(lags.reduce((sum, lag) => sum + lag, 0)) : dash;
  byID("oldest").textContent = ages.length ? age(Math.max(...ages)) : dash;
  byID("dead").textContent = number(totals.deadLetters);
  byID("memory-title").textContent = isNumber(memory.budgetBytes) ? `Memory of ${bytes(memory.budgetBytes)}` : "Memory held";
  byID("memory").textContent = bytes(memory.heldBytes);

  const waiting = partitions.flatMap(partition => (partition.lanes ?? [])
    .filter(lane => lane.state === "waiting").map(lane => ({ partition, lane })));
  waiting.sort((one, other) => (other.lane.seconds ?? 0) - (one.lane.seconds ?? 0));
  const all = partitions.reduce((sum, partition) => sum + (partition.lanesWaiting || 0), 0);
  fill("waiting", waiting.map(({ partition, lane }) => waitingRow(partition, lane)));
  byID("waiting-more").hidden = all <= waiting.length;
  byID("waiting-more").textContent = `and ${number(all - waiting.length)} more`;
  fill("partitions", partitions.map(partitionRow));
  byID("live").hidden = false;
}

async function refresh() {
  try {
    const answer = await fetch("/status", { cache: "no-store" });
    if (!answer.ok) throw new Error(`/status answers ${answer.status}`);
    show(await answer.json());
  } catch (error) {
    showReasons([`The status cannot be read: ${error.message}. What is shown may be old.`]);
  }
  setTimeout(refreshWhenSeen, 2000);
}

// A tab that nobody looks at asks for nothing.
function refreshWhenSeen() {
  if (!document.hidden) return refresh();
  document.addEventListener("visibilitychange", refreshWhenSeen, { once: true });
}

refresh();
