/** The body of a record as the HTTP client sends it: piece by piece from the file. */
import type { File } from "../../core/files/files";
import type { Source } from "../../http_client";
import * as records from "./record";
import type { StoredRecord } from "./record";

interface FileSource extends Source {
    readonly file: File;
    readonly body_at: number;
}

function piece(this: FileSource, from: number, most: number): Result<string> {
    return records.piece(this.file, this.body_at + from, most);
}

const metatable = { __index: { piece } };

/** The body of a record whose file stays open meanwhile. Phases: any. */
function create(file: File, found: StoredRecord): Source {
    const fields = { file, body_at: found.body_at, bytes: found.body_bytes };
    return setmetatable(fields, metatable);
}
export { create as new };
