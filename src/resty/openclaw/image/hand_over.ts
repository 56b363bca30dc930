/**
 * Hands a request's body over to a conversion, which goes on even if the request ends: memory is copied, and a file is opened once more.
 */
import * as ffi from "ffi";
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import * as c_memory from "../core/memory/c_memory";
import type { Body } from "../core/request/request_body";
import * as request_body from "../core/request/request_body";

/** A body of the conversion's own. */
export interface Source {
    readonly bytes: number;
    readonly memory?: Bytes | undefined;
    readonly file?: File | undefined;
}

interface Copy {
    readonly memory: Bytes;
    at: number;
}

function copy_piece(this: void, copy: Copy, bytes: Bytes, count: number): void {
    ffi.copy(pointer_add(copy.memory, copy.at), bytes, count);
    copy.at += count;
}

/** A place for the body, to `fill`; whoever gets it has to `release` it. On failure nil and why. Phases: access. */
export function open({ bytes, file }: Body): Result<Source> {
    if (file !== undefined) {
        const [opened, err] = files.open(file, "read");
        if (opened === undefined) return $multi(undefined, err);
        return $multi({ bytes, file: opened });
    }
    const memory = c_memory.allocate(bytes);
    if (memory === undefined) return $multi(undefined, "there is no memory for the body");
    return $multi({ bytes, memory });
}

/** Puts the body in its place. Returns why that failed, if it did. Phases: access; yields, and nobody may come back. */
export function fill({ memory }: Source, body: Body): string | undefined {
    if (memory === undefined) return undefined;
    const [, err] = request_body.each(body, copy_piece, { memory, at: 0 });
    return err;
}

/** Gives back what the body takes. Phases: any. */
export function release({ memory, file }: Source): void {
    if (memory !== undefined) c_memory.free(memory);
    if (file !== undefined) files.close(file);
}
