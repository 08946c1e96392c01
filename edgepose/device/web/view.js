"use strict";
// What the server says comes as two events: `scene`, several times a second, and `about`, every few seconds.
const DOWN = ["suspected", "confirmed", "long_lie", "found_down"];
const WORDS = { suspected: "fall suspected", confirmed: "FALL confirmed", long_lie: "FALL, long lie",
                found_down: "found lying", recovered: "got up" };
const cameras = new Map();
let limbs = [], hasPictures = false;

const make = (tag, text, name) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
};
const fill = (id, rows, none) => {
  const list = document.getElementById(id);
  list.replaceChildren(...(rows.length ? rows : [make("li", none, "none")]));
};
const hours = (s) => s >= 3600 ? `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`
  : s >= 60 ? `${Math.floor(s / 60)} min` : `${Math.round(s)} s`;

async function post(path, content) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" },
                                     body: JSON.stringify(content) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text.trim());
  return JSON.parse(text);
}

class Camera {
  constructor(name) {
    this.name = name;
    this.frame = null;
    this.zones = null;      // those of this page: null until the server has said what was drawn before
    this.fixed = [];        // those of other files
    this.corners = [];      // of the zone that is being drawn
    this.traces = [];
    this.maySave = false;
    const part = document.getElementById("camera").content.cloneNode(true).firstElementChild;
    this.part = part;
    part.dataset.camera = name;
    part.querySelector("h2").textContent = name;
    this.canvas = part.querySelector("canvas");
    this.canvas.setAttribute("aria-label", `People seen by ${name}`);
    this.image = part.querySelector("img");
    this.canvas.addEventListener("pointerdown", (event) => this.corner(event));
    this.canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.close();
      if (event.key === "Backspace") this.undo();
    });
    part.querySelector(".close").addEventListener("click", () => this.close());
    part.querySelector(".undo").addEventListener("click", () => this.undo());
    part.querySelector(".save").addEventListener("click", () => this.send(true));
    document.getElementById("cameras").append(part);
  }

  get drawing() { return this.part.querySelector("details").open; }

  corner(event) {
    if (!this.drawing) return;
    const box = this.canvas.getBoundingClientRect();
    const clip = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
    this.corners.push([clip((event.clientX - box.left) / box.width), clip((event.clientY - box.top) / box.height)]);
    this.draw();
  }

  undo() { this.corners.pop(); this.draw(); }

  async close() {
    if (this.corners.length < 3) { this.say("a zone has at least three corners"); return; }
    const policy = this.part.querySelector(".policy").value;
    const name = this.part.querySelector(".name").value.trim() || policy;
    this.zones = [...(this.zones || []), { name, policy, polygon: this.corners }];
    this.corners = [];
    if (!await this.send(false)) { this.zones.pop(); this.list(); this.draw(); }
  }

  /** Whether the server took the zones; their TOML is shown, and written where they are to be saved. */
  async send(save) {
    const zones = (this.zones || []).map(({ name, policy, polygon }) => ({ name, policy, polygon }));
    try {
      const answer = await post("/zones", { camera: this.name, zones, save });
      const toml = this.part.querySelector(".toml");
      toml.hidden = false;
      toml.textContent = answer.toml;
      this.say(answer.saved ? `saved in ${answer.saved}` : this.maySave ? "not saved yet" : "copy these lines into the configuration");
      return true;
    } catch (error) {
      this.say(error.message);
      return false;
    } finally {
      this.list();
      this.draw();
    }
  }

  say(words) { this.part.querySelector(".said").textContent = words; }

  list() {
    const rows = (this.zones || []).map((zone, k) => {
      const row = make("li", `${zone.name} (${zone.policy}) `);
      const button = make("button", "Remove");
      button.type = "button";
      button.addEventListener("click", () => { this.zones.splice(k, 1); this.send(false); });
      row.append(button);
      return row;
    });
    rows.push(...this.fixed.map((zone) => make("li", `${zone.name} (${zone.policy}), of the configuration`)));
    this.part.querySelector(".zones").replaceChildren(...rows);
    this.part.querySelector(".save").hidden = !this.maySave;
  }

  show(frame) {
    this.frame = frame;
    this.seen = performance.now();
    const [width, height] = frame.size_wh;
    const scale = Math.min(1, 960 / width);
    if (this.canvas.width !== Math.round(width * scale)) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
    }
    const fallen = frame.people.filter((one) => DOWN.includes(one.label));
    const state = this.part.querySelector(".state");
    const words = frame.people.map((one) => `${one.id} ${WORDS[one.label] || one.label.replaceAll("_", " ") || "seen"}`);
    const text = words.join(", ") || "nobody in sight";
    if (state.textContent !== text) state.textContent = text;
    state.classList.toggle("fall", fallen.length > 0);
    this.draw();
  }

  draw() {
    const pen = this.canvas.getContext("2d");
    const { width, height } = this.canvas;
    pen.clearRect(0, 0, width, height);
    if (!this.frame) return;
    if (this.drawing) {
      pen.fillStyle = "#ffd54f";
      this.traces.forEach(([, x, y], k) => {
        pen.globalAlpha = 0.15 + 0.6 * (k + 1) / this.traces.length;
        pen.fillRect(x * width - 2, y * height - 2, 4, 4);
      });
      pen.globalAlpha = 1;
    }
    for (const zone of [...this.fixed, ...(this.zones || [])]) this.outline(pen, zone.polygon, zone.name);
    if (this.corners.length) this.outline(pen, this.corners, "", true);
    const k = width / this.frame.size_wh[0];
    for (const one of this.frame.people) this.person(pen, one, k);
  }

  outline(pen, polygon, name, open = false) {
    const { width, height } = this.canvas;
    pen.strokeStyle = pen.fillStyle = "#64b5f6";
    pen.lineWidth = 2;
    pen.beginPath();
    polygon.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"](x * width, y * height));
    if (!open) { pen.closePath(); pen.globalAlpha = 0.15; pen.fill(); pen.globalAlpha = 1; }
    pen.stroke();
    if (open) polygon.forEach(([x, y]) => pen.fillRect(x * width - 4, y * height - 4, 8, 8));
    pen.font = "14px system-ui, sans-serif";
    pen.fillText(name, polygon[0][0] * width + 6, polygon[0][1] * height + 16);
  }

  person(pen, one, k) {
    const fallen = DOWN.includes(one.label);
    const seen = one.keypoints.map(([x, y, score]) => x !== null && y !== null && score > 0 ? [x * k, y * k] : null);
    pen.lineWidth = 4;
    pen.lineCap = "round";
    pen.strokeStyle = fallen ? "#ff5252" : "#4dd0e1";
    for (const [from, to] of limbs) {
      if (!seen[from] || !seen[to]) continue;
      pen.beginPath();
      pen.moveTo(...seen[from]);
      pen.lineTo(...seen[to]);
      pen.stroke();
    }
    const points = seen.filter(Boolean);
    pen.fillStyle = "#fff";
    for (const [x, y] of points) { pen.beginPath(); pen.arc(x, y, 3, 0, 7); pen.fill(); }
    if (!points.length) return;
    const left = Math.min(...points.map(([x]) => x)), top = Math.min(...points.map(([, y]) => y));
    const text = `${one.id} ${WORDS[one.label] || one.label.replaceAll("_", " ")}`.trim();
    pen.font = "bold 15px system-ui, sans-serif";
    const wide = pen.measureText(text).width + 8, y = Math.max(20, top - 8);
    pen.fillStyle = fallen ? "#c62828" : "#263238";
    pen.fillRect(left - 4, y - 16, wide, 21);
    pen.fillStyle = "#fff";
    pen.fillText(text, left, y);
  }

  picture() {
    this.image.src = `/picture/${encodeURIComponent(this.name)}?${performance.now()}`;
    this.image.hidden = false;
  }
}

function incident(one) {
  const when = new Date(one.started).toLocaleString();
  const row = make("li", undefined, one.closed ? "" : "open");
  row.append(`${one.camera}: ${WORDS[one.stage] || one.stage.replaceAll("_", " ")}${one.drill ? " (drill)" : ""} `);
  const more = one.closed ? `, over${one.by ? `: ${one.by}` : ""}` : one.seen ? `, seen by ${one.seen}` : "";
  row.append(make("small", when + more));
  if (!one.closed) {
    const buttons = make("div", undefined, "buttons");
    for (const [action, words] of [["seen", "Seen"], ["helped", "Helped"], ["false_alarm", "False alarm"]]) {
      const button = make("button", words);
      button.type = "button";
      button.addEventListener("click", async () => {
        try { await post("/answer", { id: one.id, action }); button.disabled = true; } catch (error) { trouble(error.message); }
      });
      buttons.append(button);
    }
    row.append(buttons);
  }
  return row;
}

function trouble(words) {
  const line = document.getElementById("trouble");
  line.textContent = words;
  line.hidden = !words;
}

function camera(name) {
  if (!cameras.has(name)) cameras.set(name, new Camera(name));
  return cameras.get(name);
}

const events = new EventSource("/events");
events.addEventListener("open", () => trouble(""));
events.addEventListener("error", () => trouble("no connection to the device; trying again"));
events.addEventListener("trouble", (event) => trouble(JSON.parse(event.data).words));
events.addEventListener("scene", (event) => {
  const scene = JSON.parse(event.data);
  limbs = scene.limbs;
  for (const frame of scene.frames) camera(frame.source).show(frame);
});
events.addEventListener("about", (event) => {
  const about = JSON.parse(event.data);
  trouble("");
  hasPictures = about.pictures;
  fill("incidents", about.incidents.map(incident), "none yet");
  fill("watch", Object.entries(about.watch).map(([name, one]) => {
    const rest = Object.entries(one.unwatched_s).map(([why, s]) => `, ${why.replaceAll("_", " ")} ${hours(s)}`).join("");
    return make("li", `${name} (${one.state}): ${hours(one.watched_s)}${rest}`, one.state === "online" ? "" : "open");
  }), "not known here");
  fill("reasons", about.troubles.map((one) => make("li", `${one.camera ? `${one.camera}: ` : ""}${one.hint}`)), "none");
  for (const [name, one] of cameras) {
    one.traces = about.traces[name] || [];
    one.maySave = about.may_save;
    if (one.zones === null) one.zones = about.drawn[name] || [];
    const same = (a, b) => JSON.stringify(a.polygon) === JSON.stringify(b.polygon) && a.name === b.name;
    const here = about.zones.filter((zone) => !zone.camera || zone.camera === name);
    const drawn = [...(about.drawn[name] || []), ...one.zones];
    one.fixed = here.filter((zone) => !drawn.some((other) => same(zone, other)));
    one.list();
    one.draw();
  }
});

setInterval(() => { if (hasPictures) cameras.forEach((one) => one.picture()); }, 500);
