/** The page: its parts, and how they show each status. */
import type { StatusDocument } from "../src/resty/openclaw/status/document.d.ts";
import { element, setAttribute, setText } from "./dom.ts";
import { Edges } from "./edges.ts";
import { Images } from "./images.ts";
import { Upstreams } from "./nodes.ts";
import { watch } from "./poll.ts";
import { Models, Routes } from "./routes.ts";
import { Facts, summarize, Tiles } from "./summary.ts";
import { Faults, Queues } from "./trouble.ts";

const SVG = "http://www.w3.org/2000/svg";

/** The mark beside the name. */
function logo(): SVGElement {
    const image = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    const attributes = { viewBox: "0 0 16 16", "aria-hidden": "true" };
    for (const [name, value] of Object.entries(attributes)) image.setAttribute(name, value);
    const strokes = {
        d: "M3 13C3 8 4 5 6.5 2.5M8 13.5C8 9 8.8 6 10.500 3.500M13 13c0-3 .3-5 1-6.500",
        fill: "none",
        stroke: "currentColor",
        "stroke-width": "2.2",
        "stroke-linecap": "round",
    };
    for (const [name, value] of Object.entries(strokes)) path.setAttribute(name, value);
    image.append(path);
    return image;
}

const MODES = { live: "live", paused: "paused", stale: "not live" };

const live = element("span", { class: "live" }, "connecting");
const banner = element("div", { class: "banner", role: "status", "aria-live": "polite", id: "banner" });
const facts = new Facts();
const tiles = new Tiles();
const upstreams = new Upstreams();
const routes = new Routes();
const models = new Models();
const images = new Images();
const edges = new Edges();
const queues = new Queues();
const faults = new Faults();

const sections = [tiles, upstreams, routes, models, images, edges, queues, faults];
const content = element("main", {}, ...sections.map(({ root }) => root));
content.hidden = true;
const header = element("header", {}, element("h1", {}, logo(), "OpenClaw", live), facts.root);
document.getElementById("page")?.replaceWith(header, banner, content);

function setMode(mode: keyof typeof MODES): void {
    setAttribute(document.body, "data-mode", mode);
    setText(live, MODES[mode]);
}

function title(status: StatusDocument): string {
    const { nodes_down } = summarize(status);
    return nodes_down === 0 ? "OpenClaw" : `(${nodes_down} down) OpenClaw`;
}

watch({
    show(status) {
        content.hidden = false;
        facts.show(status);
        tiles.show(status);
        upstreams.show(status.upstreams);
        routes.show(status.routes);
        models.show(status.routes);
        images.show(status.images);
        edges.show(status.edges);
        queues.show(status.queues);
        faults.show(status);
        setText(banner, "");
        setMode("live");
        if (document.title !== title(status)) document.title = title(status);
        // Last: a program that sees this time sees all other figures of the same status.
        setAttribute(document.body, "data-time", String(status.time));
    },
    fail(why) {
        setText(banner, why);
        setMode("stale");
    },
    pause() {
        setMode("paused");
    },
});
