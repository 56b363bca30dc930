/**
 * Makes room on a full disk for what a job ends with: of what was reserved, then of the largest answers that are kept. A
 * delivery was made, and that must be written down: an answer that is lost is less than a job that is sent again and again.
 * Phases: timers; yields.
 */
import * as answers from "./answers";
import type { Delivery } from "../model";
import * as endings from "./ending";
import type { Ending } from "./ending";
import * as files from "../../core/files/files";
import * as stores from "../store";
import * as ids from "../store/id";
import * as records from "../store/record";
import type { Head, StoredRecord } from "../store/record";
import * as reserves from "../store/reserve";

/** What a file takes on most disks at least. */
const BLOCK_BYTES = 4096;

function read(delivery: Delivery, id: string): StoredRecord | undefined {
    const [file] = stores.open(delivery.jobs.store, "done", id);
    if (file === undefined) return undefined;
    const [found] = records.read(file);
    files.close(file);
    return found;
}

/** Writes in an answer's place that it is gone: how many bytes that takes; nothing when there is no room even for that. */
function write_note(delivery: Delivery, id: string, head: Head): number | undefined {
    const { store } = delivery.jobs;
    const note = endings.failure("answer_dropped", "failed");
    head.error = note.error;
    head.headers = note.headers;
    head.body_bytes = note.body.length;
    const [line] = records.line(head);
    if (line === undefined) return undefined;
    const text = line + note.body;
    const written = ids.new();
    if (stores.append(store, written, text, text.length) === undefined) {
        const [done] = stores.finish(store, written, "done", id);
        if (done !== undefined) return text.length;
    }
    stores.remove(store, "incoming", written);
    return undefined;
}

/** Takes away an answer that is kept. */
function drop(delivery: Delivery, id: string): void {
    const { faults, figures, store } = delivery.jobs;
    const found = read(delivery, id);
    faults.report("store", "the disk is full: drops the answer to job ", id);
    figures.dropped.inc();
    stores.remove(store, "done", id);
    const bytes = found === undefined ? undefined : write_note(delivery, id, found.head);
    if (bytes === undefined) answers.forget(delivery.answers, id);
    else answers.replace(delivery.answers, id, bytes);
}

/** Makes room for an ending: what is to be written now, which may be less; nothing when there is no more to be had. */
export function make(delivery: Delivery, ending: Ending): Ending | undefined {
    const bytes = ending.body.length + BLOCK_BYTES;
    if (reserves.spend(delivery.jobs.reserve, bytes)) return ending;
    const [largest, largest_bytes] = answers.largest(delivery.answers);
    const is_note = ending.error !== undefined;
    if (largest !== undefined && (largest_bytes > bytes || is_note)) {
        drop(delivery, largest);
        return ending;
    }
    if (is_note) return undefined;
    delivery.jobs.figures.dropped.inc();
    return endings.failure("answer_dropped", "failed", ending.status);
}
