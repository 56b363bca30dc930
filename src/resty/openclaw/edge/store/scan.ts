/** Looks through the folders of a store in small steps, so that others have their turn between them. */
import * as files from "../../core/files/files";
import * as time_slice from "../../core/time/time_slice";
import * as ids from "./id";
import * as stores from "../store";
import type { Shelf, Store } from "../store";

/** Takes the id of one file. Must not yield, and opens one file at most. */
type Visit<State> = (this: void, state: State, id: string) => void;

/** Of files that may each be opened, some microseconds long. */
const FILES_AT_A_STRETCH = 32;

/**
 * Visits every file of a folder whose name is an id, in no order. Files that come or go meanwhile may be left out. On
 * failure nil and why. Phases: those that may yield.
 */
export function each<State>(store: Store, shelf: Shelf | "incoming", visit: Visit<State>, state: State): Result<true> {
    const [folder, err] = files.open_folder(`${store.folder}/${shelf}`);
    if (folder === undefined) return $multi(undefined, err);
    let count = 0;
    let name = files.next_name(folder);
    while (name !== undefined) {
        if (ids.is_id(name)) visit(state, name);
        count += 1;
        if (count % FILES_AT_A_STRETCH === 0) time_slice.yield_now();
        name = files.next_name(folder);
    }
    files.close_folder(folder);
    return $multi(true);
}

function sweep(this: void, store: Store, id: string): void {
    if (ids.time_of(id) < ngx.now() - stores.ABANDONED_SECONDS) stores.remove(store, "incoming", id);
}

/** Removes what was begun and never finished. On failure nil and why. Phases: those that may yield. */
export function sweep_incoming(store: Store): Result<true> {
    return each(store, "incoming", sweep, store);
}
