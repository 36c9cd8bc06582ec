"use strict";
// Draws one call. All text goes into the page as text, never as markup.
(() => {
  const $ = (id) => document.getElementById(id);
  const call = JSON.parse($("data").textContent);
  const scroll = $("scroll"), canvas = $("canvas"), layer = $("layer"), brush = canvas.getContext("2d");
  const MARKS = { turn_started: "▸", turn_eager_ended: "?", turn_resumed: "↺", turn_ended: "■", interrupted: "✕", tool: "ƒ", key: "#", warning: "!", error: "!" };
  const NAMES = { wait: "Response", think: "Model", tool: "Tools", speak: "Voice" };
  const KINDS = { turn_started: "Turn started", turn_eager_ended: "Turn perhaps over", turn_resumed: "Turn goes on", turn_ended: "Turn ended", interrupted: "Interrupted", tool: "Tool", key: "Key", warning: "Warning", error: "Error" };

  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const clock = (t) => {
    const tenths = Math.max(0, Math.round(t * 10));
    return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
  };
  const unpack = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const peaks = { caller: unpack(call.peaks.caller), agent: unpack(call.peaks.agent) };

  // Rows from top to bottom.
  const rows = [];
  let height = 0;
  const addRow = (id, name, size, gap = 0) => {
    rows.push({ id, name, top: height + gap, size });
    height += gap + size;
  };
  addRow("ruler", "", 26);
  addRow("caller", "Caller", 64, 6);
  addRow("caller_line", "", 24, 4);
  addRow("chart", "Floor", 116, 12);
  addRow("marks", "Turns", 22, 8);
  const turning = (kind) => kind.startsWith("turn_");
  if (call.happenings.some((h) => !turning(h[1]))) addRow("events", "Events", 22, 2);
  const order = Object.keys(NAMES);
  const rank = (lane) => (order.includes(lane) ? order.indexOf(lane) : order.length);
  const lanes = [...new Set(call.stretches.map((s) => s[2]))].sort((a, b) => rank(a) - rank(b));
  lanes.forEach((lane, n) => addRow("lane:" + lane, NAMES[lane] || lane[0].toUpperCase() + lane.slice(1), 18, n ? 4 : 10));
  addRow("agent_line", "", 24, 12);
  addRow("agent", "Agent", 64, 4);
  height += 12;
  const row = (id) => rows.find((entry) => entry.id === id);
  for (const entry of rows) {
    if (!entry.name) continue;
    const name = $("names").appendChild(make("span", "", entry.name));
    name.style.top = `${entry.top + entry.size / 2}px`;
  }

  // Everything that can be looked at, in order of time: {t, end, node, item}.
  const things = [];
  const addThing = (thing) => {
    thing.node.type = "button";
    thing.node.tabIndex = -1;
    thing.node.style.top = `${row(thing.row).top + (thing.nudge || 0)}px`;
    thing.node.addEventListener("click", () => choose(thing));
    thing.node.addEventListener("pointerenter", (event) => showTip(thing, event));
    thing.node.addEventListener("pointerleave", () => { $("tip").hidden = true; });
    layer.append(thing.node);
    things.push(thing);
  };
  const spokenText = (node, text, heard) => {
    if (heard === null) node.append(text);
    else {
      node.append(text.startsWith(heard) ? heard : `${heard} `);
      node.append(make("s", "", text.startsWith(heard) ? text.slice(heard.length) : text));
    }
    return node;
  };
  for (const [t, end, side, text, heard] of call.lines) {
    const node = spokenText(make("button", `line ${side}`), text, heard);
    const cut = heard === null ? "" : heard ? `Cut off; heard: “${heard}”` : "Cut off before anything was heard";
    addThing({ t, end, row: `${side}_line`, node, side, text, heard, lead: side === "caller" ? "Caller" : "Agent", body: text, why: cut });
  }
  for (const [t, end, lane, label, detail, manner] of call.stretches) {
    const known = order.includes(lane) ? lane : "other";
    const lead = `${NAMES[lane] || lane}: ${label}`;
    const how = { draft: "Draft: begun before the turn was certainly over.", dropped: "Dropped.", failed: "Failed." }[manner] || "";
    addThing({ t, end, row: "lane:" + lane, node: make("button", `stretch ${known} ${manner}`, label), lead, body: `${(end - t).toFixed(2)} s`, why: [how, detail].filter(Boolean).join(" ") });
  }
  for (const [t, kind, text, why] of call.happenings) {
    const node = make("button", `mark ${kind in MARKS ? kind : "other"}`, MARKS[kind] || "·");
    addThing({ t, end: t, row: turning(kind) ? "marks" : "events", nudge: 2, node, kind, text, lead: KINDS[kind] || kind, body: text, why });
  }
  things.sort((a, b) => a.t - b.t || a.end - b.end);
  for (const thing of things) thing.node.setAttribute("aria-label", `${clock(thing.t)} ${thing.lead}. ${thing.body}. ${thing.why}`);

  // How far a label may run on: to the next thing in its row.
  const latest = {};
  for (const thing of [...things].reverse()) {
    thing.room = (latest[thing.row] ?? call.duration + 60) - thing.t;
    latest[thing.row] = thing.t;
  }

  // The caller's turns, for the bands behind the chart.
  const turns = [];
  for (const [t, kind] of call.happenings) {
    if (kind === "turn_started") turns.push([t, call.duration]);
    if (kind === "turn_ended" && turns.length) turns[turns.length - 1][1] = t;
  }
  const cuts = call.happenings.filter((h) => h[1] === "interrupted").map((h) => h[0]);

  let scale = 1, width = 1, colours = {};
  const least = () => Math.max(0.01, (width - 24) / call.duration);
  const x = (t) => 12 + t * scale - scroll.scrollLeft;
  const readColours = () => {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "soft", "faint", "rule", "card", "caller", "agent", "floor", "speech", "bad", "caller-wash"]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  };

  const drawRuler = (from, to) => {
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
    const step = steps.find((s) => s * scale >= 76) || 3600;
    brush.font = "11px system-ui, sans-serif";
    brush.textBaseline = "middle";
    for (let t = Math.max(0, Math.floor(from / step) * step); t <= Math.min(to, call.duration) + 1e-9; t += step) {
      const at = Math.round(x(t)) + 0.5;
      brush.strokeStyle = colours.rule;
      brush.beginPath(); brush.moveTo(at, 20); brush.lineTo(at, height); brush.stroke();
      brush.fillStyle = colours.faint;
      const seconds = Math.round(t * 10) / 10;
      const label = step < 1 ? clock(t) : `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;
      brush.fillText(label, at + 4, 13);
    }
  };
  const drawWave = (side) => {
    const { top, size } = row(side), values = peaks[side], rate = call.peaks.rate, middle = top + size / 2;
    brush.fillStyle = colours.rule;
    brush.fillRect(x(0), middle - 0.5, call.duration * scale, 1);
    brush.fillStyle = colours[side];
    const bar = Math.max(1, Math.min(3, scale / rate)), gap = bar > 2 ? 1 : 0;
    for (let at = 0; at < width; at += bar) {
      const start = (at + scroll.scrollLeft - 12) / scale, first = Math.floor(start * rate);
      const last = Math.max(first + 1, Math.floor((start + bar / scale) * rate));
      if (last <= 0 || first >= values.length) continue;
      let loud = 0;
      for (let n = Math.max(0, first); n < last && n < values.length; n++) if (values[n] > loud) loud = values[n];
      const tall = Math.max(1, (loud / 255) * size);
      brush.fillRect(at, middle - tall / 2, bar - gap, tall);
    }
  };
  const drawChart = (from, to) => {
    const { top, size } = row("chart"), y = (value) => top + size - value * size;
    brush.strokeStyle = colours.rule;
    brush.strokeRect(Math.round(x(0)) + 0.5, top + 0.5, call.duration * scale, size);
    call.series.forEach((series, n) => {
      const main = series.name === "floor" || (n === 0 && !call.series.some((s) => s.name === "floor"));
      const points = series.points;
      let low = 0, high = points.length;
      while (low < high) { const half = (low + high) >> 1; if (points[half][0] < from) low = half + 1; else high = half; }
      brush.beginPath();
      const first = Math.max(0, low - 1);
      let next = first;
      for (; next < points.length; next++) {
        const [t, value] = points[next];
        if (next === first) brush.moveTo(x(t), y(value)); else brush.lineTo(x(t), y(value));
        if (t > to) { next++; break; }
      }
      if (next === first) return;
      if (!main) {
        brush.lineTo(x(points[next - 1][0]), y(0));
        brush.lineTo(x(points[first][0]), y(0));
        brush.globalAlpha = 0.32; brush.fillStyle = colours.speech; brush.fill(); brush.globalAlpha = 1;
      } else {
        brush.strokeStyle = colours.floor; brush.lineWidth = 1.75; brush.lineJoin = "round"; brush.stroke(); brush.lineWidth = 1;
      }
    });
    brush.setLineDash([4, 4]);
    for (const [name, value] of call.thresholds) {
      const at = Math.round(y(value)) + 0.5, label = `${name} ${value}`, wide = brush.measureText(label).width;
      brush.strokeStyle = colours.faint;
      brush.beginPath(); brush.moveTo(Math.max(0, x(0)), at); brush.lineTo(Math.min(width, x(call.duration)), at); brush.stroke();
      brush.fillStyle = colours.card; brush.globalAlpha = 0.85; brush.fillRect(width - wide - 12, at - 8, wide + 8, 15); brush.globalAlpha = 1;
      brush.fillStyle = colours.soft; brush.fillText(label, width - wide - 8, at);
    }
    brush.setLineDash([]);
  };
  const draw = () => {
    const dense = window.devicePixelRatio || 1;
    const from = (scroll.scrollLeft - 12) / scale, to = from + width / scale;
    canvas.width = Math.round(width * dense); canvas.height = Math.round(height * dense);
    canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
    brush.setTransform(dense, 0, 0, dense, 0, 0);
    brush.fillStyle = colours["caller-wash"];
    for (const [start, end] of turns) {
      const caller = row("caller"), chart = row("chart");
      brush.fillRect(x(start), caller.top - 4, (end - start) * scale, caller.size + 4);
      brush.fillRect(x(start), chart.top, (end - start) * scale, chart.size);
    }
    drawRuler(from, to);
    drawWave("caller"); drawWave("agent");
    drawChart(from, to);
    brush.strokeStyle = colours.bad;
    for (const t of cuts) {
      const at = Math.round(x(t)) + 0.5;
      brush.beginPath(); brush.moveTo(at, 26); brush.lineTo(at, height - 6); brush.stroke();
    }
    for (const thing of things) {
      const seen = thing.end >= from - 1 && thing.t <= to + 1;
      thing.node.hidden = !seen;
      if (!seen) continue;
      const left = x(thing.t), wide = (thing.end - thing.t) * scale;
      // A long line keeps its words in sight while it is scrolled through.
      const shift = thing.side && left < 0 ? Math.min(-left, Math.max(0, wide - 120)) : 0;
      thing.node.style.transform = `translateX(${left + shift}px)`;
      if (thing.kind) continue;
      const lasts = Math.max(3, wide - shift), room = thing.room * scale - shift - 4;
      thing.node.style.minWidth = `${Math.max(3, Math.min(lasts, room))}px`;
      thing.node.style.maxWidth = `${Math.max(lasts, Math.min(room, 520), 3)}px`;
      // The coloured part is as long as it lasted; the words may run on.
      thing.node.style.setProperty("--lasts", `${lasts}px`);
    }
  };
  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
  const zoom = (factor, around = width / 2) => {
    const t = (scroll.scrollLeft + around - 12) / scale;
    scale = Math.min(1200, Math.max(least(), scale * factor));
    $("space").style.width = `${call.duration * scale + 24}px`;
    scroll.scrollLeft = t * scale + 12 - around;
    redraw();
  };
  const fit = () => zoom(0);
  const resize = () => {
    const whole = scale <= least() * 1.001;
    width = scroll.clientWidth;
    $("view").style.width = `${width}px`;
    $("view").style.height = $("names").style.height = `${height}px`;
    zoom(whole ? 0 : 1, 0);
  };

  // What is chosen, and why it happened.
  let chosen = null;
  const listed = new Map();
  const fill = (target, thing) => {
    const when = thing.end > thing.t ? `${clock(thing.t)} to ${clock(thing.end)}` : clock(thing.t);
    target.replaceChildren(make("p", "soft", when), make("p", "lead", thing.lead));
    if (thing.body) target.append(spokenText(make("p"), thing.body, thing.heard ?? null));
    if (thing.why) target.append(make("p", "", thing.why));
  };
  const reveal = (thing) => {
    const left = x(thing.t);
    if (left < 40 || left > width - 120) scroll.scrollLeft = 12 + thing.t * scale - width / 3;
  };
  const choose = (thing) => {
    for (const node of document.querySelectorAll(".chosen")) node.classList.remove("chosen");
    chosen = thing;
    thing.node.classList.add("chosen");
    const entry = listed.get(thing);
    if (entry) { entry.classList.add("chosen"); entry.scrollIntoView({ block: "nearest" }); }
    fill($("detail"), thing);
    reveal(thing);
    redraw();
  };
  const step = (by) => {
    if (!things.length) return;
    const at = chosen ? things.indexOf(chosen) + by : by > 0 ? 0 : things.length - 1;
    choose(things[Math.min(things.length - 1, Math.max(0, at))]);
  };
  const showTip = (thing, event) => {
    const tip = $("tip");
    fill(tip, thing);
    tip.hidden = false;
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 8))}px`;
    const below = event.clientY + 18;
    tip.style.top = `${below + tip.offsetHeight > window.innerHeight ? Math.max(8, event.clientY - tip.offsetHeight - 12) : below}px`;
  };

  // The page around the picture.
  $("title").textContent = call.title;
  $("note").textContent = call.left_out ? `${call.note} ${call.left_out} later entries are left out.` : call.note;
  for (const [name, value] of call.summary) {
    const pair = $("summary").appendChild(make("div"));
    pair.append(make("dt", "", name), make("dd", "", value));
  }
  for (const series of call.series) {
    const entry = $("legend").appendChild(make("span"));
    const swatch = make("i");
    swatch.style.background = `var(--${series.name === "floor" ? "floor" : "speech"})`;
    entry.append(swatch, series.name);
  }
  for (const thing of things) {
    // The list tells how turns ended; how they wavered is in the picture.
    if (!thing.side && (!thing.kind || (turning(thing.kind) && thing.kind !== "turn_ended"))) continue;
    const node = $("talk").appendChild(make("li")).appendChild(make("button", thing.side || `event ${thing.kind in MARKS ? thing.kind : ""}`));
    node.type = "button";
    const text = thing.side ? spokenText(make("span"), thing.text, thing.heard) : make("span", "", [thing.lead, turning(thing.kind) ? thing.why : thing.text].filter(Boolean).join(" · "));
    node.append(make("time", "", clock(thing.t)), make("b", "", thing.side ? thing.lead : ""), text);
    node.addEventListener("click", () => choose(thing));
    listed.set(thing, node);
  }
  const hint = make("p", "soft", "Choose anything above or in the conversation to see why it happened.");
  const keys = make("p", "soft");
  for (const [key, what] of [["←", ""], ["→", " move  "], ["+", ""], ["−", " zoom  "], ["↑", ""], ["↓", " step through"]]) keys.append(make("kbd", "", key), what || " ");
  $("detail").append(hint, keys);

  $("in").addEventListener("click", () => zoom(1.6));
  $("out").addEventListener("click", () => zoom(1 / 1.6));
  $("fit").addEventListener("click", fit);
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    readColours(); redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
  scroll.addEventListener("scroll", redraw, { passive: true });
  scroll.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), event.clientX - scroll.getBoundingClientRect().left);
  }, { passive: false });
  scroll.addEventListener("keydown", (event) => {
    const moves = {
      ArrowLeft: () => { scroll.scrollLeft -= width / 6; }, ArrowRight: () => { scroll.scrollLeft += width / 6; },
      Home: () => { scroll.scrollLeft = 0; }, End: () => { scroll.scrollLeft = call.duration * scale; },
      ArrowDown: () => step(1), ArrowUp: () => step(-1), "+": () => zoom(1.6), "=": () => zoom(1.6), "-": () => zoom(1 / 1.6), "0": fit,
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in moves)) return;
    event.preventDefault();
    moves[event.key]();
  });
  let grabbed = null;
  scroll.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0 && !event.target.closest("button")) grabbed = event.clientX + scroll.scrollLeft;
  });
  window.addEventListener("pointerup", () => { grabbed = null; scroll.classList.remove("dragging"); });
  scroll.addEventListener("pointermove", (event) => {
    if (grabbed !== null) { scroll.classList.add("dragging"); scroll.scrollLeft = grabbed - event.clientX; }
    const at = event.clientX - scroll.getBoundingClientRect().left, t = (scroll.scrollLeft + at - 12) / scale;
    const inside = t >= 0 && t <= call.duration;
    $("cursor").hidden = !inside;
    $("cursor").style.left = `${at}px`;
    $("at").textContent = inside ? clock(t) : "";
  });
  scroll.addEventListener("pointerleave", () => { $("cursor").hidden = true; $("at").textContent = ""; });

  readColours();
  new ResizeObserver(resize).observe(scroll);
  resize();
  // A long call opens where one can read it, not as a thin comb.
  if (call.duration > 45) { scale = (width - 24) / 30; zoom(1, 0); scroll.scrollLeft = 0; }
  document.documentElement.dataset.ready = "yes";
})();
