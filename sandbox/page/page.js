
"use strict";

/* Asks /_sandbox/overview every second and draws the answer. All text goes in as text, never as HTML. */

/* Milliseconds; and how many new rows are lit up, since more of them would flicker. */
const EVERY = 1000, PATIENCE = 5000, WINDOW = 60000, FEW = 4;
/* Label, width ("" shares what is left), and what stands in the cell of a row. */
const KINDS = {
  users: ["Users", [
    ["External id and WorkOS id", "", (row) => identity(row.external_id, row.id)],
    ["Email", "104px", (row) => row.email_verified ? "verified" : "unverified"],
    ["Password", "104px", (row) => row.password ?? none("none")],
    ["TOTP", "72px", (row) => row.totp || none("none")],
  ]],
  organizations: ["Organizations", [
    ["Name", "", (row) => row.name],
    ["External id and WorkOS id", "44%", (row) => identity(row.external_id, row.id)],
    ["Domains", "84px", (row) => row.domains || none("none")],
    ["Own roles", "96px", (row) => row.own_roles || none("none")],
  ]],
  memberships: ["Memberships", [
    ["User and membership id", "44%", (row) => [finder(row.user), also(row.id)]],
    ["Organization", "", (row) => [row.organization_name, also(finder(row.organization))]],
    ["Roles", "18%", (row) => row.roles.join(", ")],
    ["Status", "92px", (row) => make("span", { className: `status ${row.status === "active" ? "good" : "wait"}` }, row.status)],
  ]],
  roles: ["Roles", [
    ["Name", "", (row) => row.name],
    ["Slug and WorkOS id", "44%", (row) => identity(row.slug, row.id)],
    ["Permissions", "112px", (row) => row.permissions || none("none")],
  ]],
};
const number = new Intl.NumberFormat("en-US");
const $ = (id) => document.getElementById(id);

/* The address says what is shown: #users, or #find= and a name. */
let kind = "users";
let sought = "";
let cursors = [null];
let timer = 0;
let asked = 0;
let foundText = "";
let arrived = false;
let last = null;
let samples = [];

/* Elements. */

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.flat());
  return element;
}

/* A text that breaks after its slashes rather than anywhere. */
function breakable(text) {
  return text.split(/(?<=\/)/).flatMap((part) => [part, make("wbr")]);
}

function none(text) {
  return make("span", { className: "none" }, text);
}

function also(content) {
  return make("span", { className: "also mono" }, content);
}

function identity(name, id) {
  return [name === null ? none("none") : make("span", { className: "mono" }, breakable(name)), also(id)];
}

function finder(name) {
  return make("a", { className: "mono", href: `#${new URLSearchParams({ find: name })}` }, breakable(name));
}

/* Makes the children of an element those of the items, and leaves alone what has not changed. */
function keep(parent, items, keyOf, build) {
  const before = parent.kept ?? new Map();
  const fresh = [];
  parent.kept = new Map(items.map((item) => {
    const key = String(keyOf(item)), text = JSON.stringify(item), held = before.get(key);
    if (held?.text === text) return [key, held];
    const element = build(item);
    if (held) held.element.replaceWith(element);
    else fresh.push(element);
    return [key, { text, element }];
  }));
  if (before.size && fresh.length <= FEW) for (const element of fresh) element.classList.add("fresh");
  for (const [key, { element }] of before) if (!parent.kept.has(key)) element.remove();
  let place = parent.firstElementChild;
  for (const { element } of parent.kept.values()) {
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
}

function table(of, caption) {
  const heads = KINDS[of][1].map(([label]) => {
    const head = make("th", { scope: "col" }, label);
    head.setAttribute("role", "columnheader");
    return head;
  });
  const widths = KINDS[of][1].map(([, width]) => {
    const column = make("col");
    column.style.width = width;
    return column;
  });
  const made = make("table", {}, make("caption", { className: caption ? "" : "quiet" }, KINDS[of][0]),
    make("colgroup", {}, widths),
    make("thead", {}, make("tr", {}, heads)), make("tbody"));
  made.setAttribute("role", "table");
  for (const group of made.querySelectorAll("thead, tbody")) group.setAttribute("role", "rowgroup");
  made.querySelector("tr").setAttribute("role", "row");
  return made;
}

function fill(body, of, rows) {
  keep(body, rows, (row) => row.id, (row) => {
    const line = make("tr", {}, KINDS[of][1].map(([label, , content]) => {
      const cell = make("td", {}, make("div", {}, content(row)));
      cell.dataset.label = label;
      cell.setAttribute("role", "cell");
      return cell;
    }));
    line.setAttribute("role", "row");
    return line;
  });
}

/* Parts of the page. */

function state(name, text) {
  if ($("state").textContent === text) return;
  $("state").dataset.state = name;
  $("state").textContent = text;
}

function notice(text) {
  $("notice").hidden = !text;
  if ($("notice").textContent !== text) $("notice").textContent = text;
}

function drawTraffic(traffic, auth0) {
  const figures = [
    ["Writes", traffic.writes], ["Reads", traffic.reads], ["Limited (429)", traffic.limited, "warn"],
    ["Refused (4xx)", traffic.refused, "warn"], ["Failed (5xx)", traffic.failed, "bad"], ["Dropped", traffic.dropped, "bad"],
    ...(auth0 ? [["Auth0 requests", auth0]] : []),
  ];
  keep($("traffic"), figures, ([name]) => name, ([name, value, tone]) => {
    return make("div", {}, make("dt", {}, name), make("dd", { className: value && tone ? tone : "" }, number.format(value)));
  });
}

/* The server has no clock in its answers: a rate is the difference of two of them over the time between. */
function sample(writes) {
  const now = performance.now();
  if (last && now - last.time < 0.9 * EVERY) return;
  if (last) {
    const more = writes < last.writes ? writes : writes - last.writes;
    samples.push({ from: last.time, time: now, rate: more / (now - last.time) * 1000 });
  }
  last = { time: now, writes };
  samples = samples.filter((one) => now - one.time < WINDOW);
  drawRate(now);
}

function drawRate(now) {
  const rate = samples.at(-1)?.rate;
  $("rate").textContent = rate === undefined ? "–" : shown(rate);
  const top = Math.max(1, ...samples.map((one) => one.rate));
  const x = (time) => (600 * (1 - Math.min(1, (now - time) / WINDOW))).toFixed(1);
  const y = (one) => (78 - 74 * one.rate / top).toFixed(1);
  let line = "", area = "", run = [];
  const close = () => {
    if (!run.length) return;
    const points = [run[0].from, ...run.map((one) => one.time)].map((time, place) => `${x(time)},${y(run[Math.max(0, place - 1)])}`);
    line += `M${points.join("L")}`;
    area += `M${x(run[0].from)},80L${points.join("L")}L${x(run.at(-1).time)},80Z`;
    run = [];
  };
  for (const one of samples) {
    if (run.length && run.at(-1).time !== one.from) close();
    run.push(one);
  }
  close();
  $("spark-line").setAttribute("d", line);
  $("spark-area").setAttribute("d", area);
  const peak = samples.length ? `peak ${shown(top === 1 ? Math.max(...samples.map((one) => one.rate)) : top)}/s` : "";
  $("peak").textContent = peak;
  $("spark").setAttribute("aria-label", `Writes per second over the last minute${peak && `, ${peak}`}`);
}

function shown(rate) {
  return rate < 10 && rate % 1 ? rate.toFixed(1) : number.format(Math.round(rate));
}

function drawArmed(settings, faults) {
  const items = [
    ...faults.map((fault) => ({ fault })),
    ...Object.entries(settings).map(([name, value]) => ({ name, value })),
  ];
  keep($("armed"), items.length ? items : [{}], (item) => items.indexOf(item), (item) => {
    if (item.fault) {
      const { name, mode, method, path, status, times, probability, hits } = item.fault;
      const what = [name === mode ? "" : mode, mode === "refuse" ? status : "", method ?? "any method"].filter(Boolean).join(" ");
      const often = [probability < 1 ? `${+(100 * probability).toFixed(2)} %` : "", times === null ? "" : `${number.format(times)}×`].filter(Boolean).join(", ");
      return make("li", { className: "fault" }, make("b", {}, name), ` ${what} `, make("code", {}, path), `${often && ` · ${often}`} · struck ${number.format(hits)}`);
    }
    if (!item.name) return make("li", {}, "nothing: no faults, and all settings are the default ones");
    return make("li", {}, make("code", {}, item.name), ` ${item.value}`);
  });
}

function drawTabs(counts, statuses) {
  for (const tab of $("tabs").children) {
    const of = tab.dataset.kind;
    tab.querySelector(".count").textContent = number.format(counts[of]);
    if (of === "memberships") {
      tab.querySelector(".note").textContent = Object.entries(statuses)
        .filter(([name, count]) => name === "active" || count).map(([name, count]) => `${number.format(count)}\u00a0${name}`).join(", ");
    }
  }
}

function drawTable({ kind: of, rows, next }) {
  let body = $("rows").querySelector("tbody");
  if (body?.dataset.kind !== of) {
    $("rows").replaceChildren(table(of), make("p", { className: "empty" }));
    body = $("rows").querySelector("tbody");
    body.dataset.kind = of;
  }
  fill(body, of, rows);
  body.parentElement.hidden = !rows.length;
  const empty = $("rows").querySelector(".empty");
  empty.hidden = rows.length > 0;
  empty.textContent = cursors.length > 1 ? "Nothing older." : `No ${of} yet.`;
  $("page").textContent = `Page ${number.format(cursors.length)}`;
  const focused = document.activeElement;
  $("newest").disabled = $("newer").disabled = cursors.length === 1;
  $("older").disabled = next === null;
  $("older").onclick = () => { if (next !== cursors.at(-1)) cursors.push(next); refresh(); };
  if (focused.disabled) ($("older").disabled ? $("find") : $("older")).focus();
}

/* Brings what was looked for into sight, once; who types goes on typing. */
function show() {
  if (!arrived || !sought) return;
  arrived = false;
  const { top } = $("panel").getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) $("panel").scrollIntoView();
  if (document.activeElement !== $("find")) $("found").querySelector("p").focus({ preventScroll: true });
}

function drawFound(found) {
  $("found").hidden = !found;
  $("listed").hidden = Boolean(found);
  const text = found ? JSON.stringify([sought, found]) : "";
  if (text === foundText) return;
  foundText = text;
  const groups = Object.entries(found ?? {});
  const said = groups.length ? `Found “${sought}”` : `Nothing has the external id or WorkOS id “${sought}”.`;
  $("found").replaceChildren(
    make("div", { className: "result" }, make("p", { tabIndex: -1 }, said), make("button", { type: "button", onclick: () => { seek(""); $("find").focus(); } }, "Show all")),
    ...groups.map(([of, rows]) => {
      const made = table(of, true);
      fill(made.querySelector("tbody"), of, rows);
      return made;
    }),
  );
}

function tone(status) {
  if (status === null) return ["wait", "waiting"];
  if (status === "dropped") return ["bad", "dropped"];
  return status >= 500 ? ["bad", "Failed"] : status >= 400 ? ["warn", "Refused"] : ["good", "OK"];
}

function drawRequests(requests) {
  keep($("requests"), requests, (one) => one.number, (one) => {
    const [colour, word] = tone(one.status);
    const status = Number.isInteger(one.status) ? `${one.status} ${one.phrase ?? word}` : word;
    return make("li", {},
      make("p", { className: "mono" }, make("span", { className: "method" }, one.method), " ", breakable(one.route)),
      make("p", { className: "about" },
        make("span", { className: `status ${colour}` }, status),
        one.external_id === null ? [] : finder(one.external_id),
        one.fault === null ? [] : make("span", { className: "none" }, `fault ${one.fault}`)));
  });
  $("no-requests").hidden = requests.length > 0;
}

/* What a person does. */

function go(hash) {
  if (location.hash.slice(1) === hash) refresh();
  else location.hash = hash;
}

function seek(name) {
  go(name.trim() ? String(new URLSearchParams({ find: name })) : kind);
}

function arrive() {
  const hash = location.hash.slice(1);
  sought = new URLSearchParams(hash).get("find") ?? "";
  if (Object.hasOwn(KINDS, hash)) kind = hash;
  cursors = [null];
  arrived = true;
  $("find").value = sought;
  for (const tab of $("tabs").children) {
    const selected = tab.dataset.kind === kind;
    tab.setAttribute("aria-selected", selected);
    tab.tabIndex = selected ? 0 : -1;
    if (selected) $("panel").setAttribute("aria-labelledby", tab.id);
  }
  refresh();
}

function prepare() {
  $("address").textContent = location.origin;
  $("no-requests").textContent = `None yet. Point a client at ${location.origin}, with any key that starts with sk_test_.`;
  const kinds = Object.keys(KINDS);
  $("tabs").append(...kinds.map((of) => {
    const tab = make("button", { type: "button", id: `tab-${of}`, onclick: () => go(of) },
      make("span", { className: "name" }, KINDS[of][0]), make("span", { className: "count" }, "–"), make("span", { className: "note" }));
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "panel");
    tab.dataset.kind = of;
    return tab;
  }));
  $("tabs").addEventListener("keydown", (event) => {
    const place = [...$("tabs").children].indexOf(document.activeElement);
    const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: kinds.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(kinds.at(to % kinds.length));
    $(`tab-${kinds.at(to % kinds.length)}`).focus();
  });
  $("search").addEventListener("submit", (event) => { event.preventDefault(); seek($("find").value); });
  $("find").addEventListener("input", () => { if (!$("find").value && sought) seek(""); });
  $("newest").onclick = () => { cursors = [null]; refresh(); };
  $("newer").onclick = () => { if (cursors.length > 1) cursors.pop(); refresh(); };
  $("jump").onclick = () => $("requests-heading").scrollIntoView();
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    last = null;
    if (document.hidden) state("paused", "Paused");
    else refresh();
  });
  addEventListener("hashchange", arrive);
}

/* Asking. */

async function refresh() {
  clearTimeout(timer);
  const turn = ++asked;
  const query = new URLSearchParams({ kind });
  if (cursors.at(-1)) query.set("cursor", cursors.at(-1));
  if (sought) query.set("find", sought);
  try {
    const answer = await fetch(`/_sandbox/overview?${query}`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const told = await answer.json();
    if (turn === asked) draw(told);
  } catch (error) {
    if (turn === asked) stopped(error);
  }
  if (turn === asked && !document.hidden) timer = setTimeout(refresh, EVERY);
}

function draw(told) {
  notice("");
  state("live", "Live");
  sample(told.traffic.written);
  drawTraffic(told.traffic, told.auth0);
  drawArmed(told.settings, told.faults);
  drawTabs(told.counts, told.statuses);
  drawFound(told.found);
  show();
  drawTable(told.table);
  drawRequests(told.requests);
}

function stopped(error) {
  last = null;
  if ($("rows").querySelector("tbody")?.dataset.kind !== kind) $("rows").replaceChildren();
  $("rate").textContent = "–";
  state("stopped", "Stopped");
  notice(error.message.startsWith("it answered")
    ? `The sandbox does not tell what happens: ${error.message}. This page keeps asking.`
    : "The sandbox has stopped answering. What stands here is its last answer; this page goes on when it is back.");
}

prepare();
arrive();
