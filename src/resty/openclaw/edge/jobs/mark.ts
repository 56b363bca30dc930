/**
 * The header by which this gateway knows its own deliveries: a secret of the store, in the file `secret` beside the jobs, so
 * that all who deliver from there or take deliveries have the same one: workers of any generation, and both masters while a
 * binary is replaced. Who delivers makes it. No message and no log line ever holds it.
 */
import * as clock from "../../core/time/clock";
import * as delivery_header from "../../core/request/delivery_header";
import * as digests from "../../core/bytes/digest";
import * as files from "../../core/files/files";
import * as random from "../../core/bytes/random";
import { rights_of_others } from "../../core/files/secret_file";
import * as stores from "../store";
import type { Store } from "../store";
import * as ids from "../store/id";
import * as records from "../store/record";

export interface Mark {
    readonly store: Store;
    readonly path: string;
    /** As it was last read; nothing before. */
    secret: string | undefined;
    /** When it was last read, by `clock`. */
    read_at: number;
}

/** Carries the secret. */
export const HEADER = delivery_header.NAME;
const RANDOM_NUMBERS = 8;
const BYTES = 64;
/** Whoever sends wrong secrets has the file read no more often. */
const SECONDS_BETWEEN_LOOKS = 1;

/** The mark of a store's deliveries. Phases: any. */
export function open(store: Store): Mark {
    return { store, path: `${store.folder}/secret`, secret: undefined, read_at: 0 };
}

/** What stands in the file; nothing where that is no secret, or where others may read it. */
function look(mark: Mark): string | undefined {
    const [file] = files.open(mark.path, "read");
    if (file === undefined) return undefined;
    const [text] = records.piece(file, 0, BYTES + 1);
    files.close(file);
    if (text === undefined || text.length !== BYTES) return undefined;
    const [legal] = string.find(text, "^%x+$");
    if (legal === undefined || rights_of_others(mark.path) !== 0) return undefined;
    return text;
}

/** Writes a new secret. Says why not, or nothing. */
function make(mark: Mark): string | undefined {
    const { store } = mark;
    const written = ids.new();
    const err = stores.append(store, written, random.hex(RANDOM_NUMBERS), BYTES);
    if (err === undefined) return files.rename(stores.path(store, "incoming", written), mark.path);
    stores.remove(store, "incoming", written);
    return err;
}

/**
 * The secret, for whoever holds the store's lock: made where there is none, as no other worker makes one. On failure nil
 * and why. Phases: timers.
 */
export function secret_of(mark: Mark): Result<string> {
    let secret = look(mark);
    if (secret !== undefined) return $multi(secret);
    const err = make(mark);
    if (err !== undefined) return $multi(undefined, err);
    secret = look(mark);
    if (secret === undefined) return $multi(undefined, `cannot read ${mark.path}`);
    return $multi(secret);
}

/** Whether the request at hand is a delivery from that store. Phases: all with a request. */
export function matches(mark: Mark): boolean {
    const given = delivery_header.given();
    if (given === undefined || given.length !== BYTES) return false;
    if (mark.secret !== undefined && digests.same(given, mark.secret)) return true;
    const now = clock.now();
    if (mark.secret !== undefined && now - mark.read_at < SECONDS_BETWEEN_LOOKS) return false;
    mark.read_at = now;
    mark.secret = look(mark);
    return mark.secret !== undefined && digests.same(given, mark.secret);
}
