/**
 * Which requests of this worker are deliveries. That stands in tables of the worker, by request, as `ngx.ctx` would be lost
 * with an internal redirect, and the header is gone after the first look. Phases: all with a request.
 */
import * as delivery_header from "../core/request/delivery_header";
import * as marks from "./jobs/mark";
import type { Mark } from "./jobs/mark";
import * as request from "../core/request/request";

/** Requests that came with a mark, and whether it was the right one. */
const marked = new LuaTable<number, boolean>();
/** When these began: a later one may be at the same place in memory. */
const beginnings = new LuaTable<number, number>();

/** Finds out whether the request at hand is a delivery from that store, and takes the mark off. Phases: access. */
export function note(mark: Mark): void {
    const key = request.key();
    if (marked.has(key) && beginnings.get(key) !== request.started()) marked.delete(key);
    if (!delivery_header.is_there()) return;
    marked.set(key, marks.matches(mark));
    beginnings.set(key, request.started());
    // It is a secret, and nobody's business beyond.
    delivery_header.strip();
}

/** Whether the request at hand is a delivery from the route's store. */
export function is_own(): boolean {
    return marked.get(request.key()) === true;
}

/**
 * Whether the request at hand came with a mark, the right one or not: it is never kept. A wrong one may be of another
 * gateway's or of another route's delivery, which keeps the job itself.
 */
export function is_marked(): boolean {
    return marked.has(request.key());
}

/** Forgets the request; to be called when it ends. */
export function forget(): void {
    const key = request.key();
    if (!marked.has(key)) return;
    marked.delete(key);
    beginnings.delete(key);
}
