/** What routes with the plugin image have converted, in the status document. */
import type { Entries, Given } from "../core/text/json/shapes";
import { exact, map_of, object, rounded, sorted_entries } from "../core/text/json/shapes";
import type { ImageStatus } from "./document";
import { per_second } from "./rate";
import type { Labels } from "./series";
import type { Window } from "./window";
import * as windows from "./window";

/** Of one route; `recent_…` within the window. */
interface Figures {
    running: number | undefined;
    waiting: number | undefined;
    converted: number;
    refused: number;
    recent_converted: number;
    recent_refused: number;
    bytes_in: number;
    bytes_out: number;
}

type Images = LuaMap<string, Figures>;

/** By the label `result`. All others, but for `converted`, are why requests were refused. */
const PASSED_ON: Readonly<Record<string, true | undefined>> = { untouched: true, trusted: true };

const RECENT = object<ImageStatus["recent"]>()(["converted_per_second", rounded], ["refused_per_second", rounded]);

const IMAGE = object<ImageStatus>()(
    ["running", exact],
    ["waiting", exact],
    ["converted", exact],
    ["refused", exact],
    ["bytes_in", exact],
    ["bytes_out", exact],
    ["saved_share", rounded],
    ["recent", RECENT],
);

/** How routes with images are written. */
export const IMAGES = map_of(IMAGE);

function figures_of(images: Images, labels: Labels): Figures {
    const route = labels.route ?? "";
    const known = images.get(route);
    if (known !== undefined) return known;
    const made: Figures = {
        running: undefined,
        waiting: undefined,
        converted: 0,
        refused: 0,
        recent_converted: 0,
        recent_refused: 0,
        bytes_in: 0,
        bytes_out: 0,
    };
    images.set(route, made);
    return made;
}

function gather(window: Window): Images {
    const images: Images = new LuaMap<string, Figures>();
    windows.collected(window, "openclaw_image_running", (labels, value) => {
        figures_of(images, labels).running = value;
    });
    windows.collected(window, "openclaw_image_waiting", (labels, value) => {
        figures_of(images, labels).waiting = value;
    });
    windows.each(window, "openclaw_image_jobs_total", (labels, total, recent) => {
        const result = labels.result ?? "";
        const figures = figures_of(images, labels);
        if (result === "converted") {
            figures.converted += total;
            figures.recent_converted += recent;
        } else if (PASSED_ON[result] === undefined) {
            figures.refused += total;
            figures.recent_refused += recent;
        }
    });
    windows.each(window, "openclaw_image_bytes_total", (labels, total) => {
        const figures = figures_of(images, labels);
        if (labels.direction === "in") figures.bytes_in += total;
        else if (labels.direction === "out") figures.bytes_out += total;
    });
    return images;
}

function shown(figures: Figures, seconds: number): Given<ImageStatus> {
    const { bytes_in, bytes_out } = figures;
    return {
        running: figures.running,
        waiting: figures.waiting,
        converted: figures.converted,
        refused: figures.refused,
        bytes_in,
        bytes_out,
        saved_share: bytes_in > 0 ? 1 - bytes_out / bytes_in : undefined,
        recent: {
            converted_per_second: per_second(figures.recent_converted, seconds),
            refused_per_second: per_second(figures.recent_refused, seconds),
        },
    };
}

/** The routes with images by name. Phases: those in which the window may yield. */
export function images(window: Window): Entries<Given<ImageStatus>> {
    return sorted_entries(gather(window), (figures) => shown(figures, window.seconds));
}
