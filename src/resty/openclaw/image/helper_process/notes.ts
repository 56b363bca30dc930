/**
 * Where the helpers of a configuration listen, and which processes they are: noted in the `lua_shared_dict`, for all its workers. Draining
 * workers have helpers of their own. The notes of the last configurations are kept, and not more, as nothing in that dict is ever evicted.
 */
import * as files from "../../core/files/files";
import type { Region } from "../../core/memory/shared_memory";
import type { Place } from "../places";
import * as spawning from "./spawn";

/** Of so many configurations there are notes; the workers of older ones note theirs anew. */
const CONFIGURATIONS = 16;

function number_of({ configuration }: Region): number {
    return configuration % CONFIGURATIONS;
}

function folder_key(region: Region): string {
    return `image folder ${number_of(region)}`;
}

/** The folder that is noted for the configuration, if there is one; and whether there is any note, though of an older one. */
function noted_folder(region: Region, key: string): LuaMultiReturn<[folder: string | undefined, is_any: boolean]> {
    const [note] = region.names.get<string>(key);
    if (note === undefined) return $multi(undefined, false);
    const [configuration, folder] = string.match(note, "^(%d+) (.*)$");
    const is_mine = tonumber(configuration) === region.configuration && !files.is_gone(folder!);
    return $multi(is_mine ? folder : undefined, true);
}

/** Notes a new folder, or removes it where another worker has been quicker. The folder that counts; or nil and why there is none. */
function note_folder(region: Region, key: string, made: string): Result<string> {
    const [, is_any] = noted_folder(region, key);
    if (is_any) region.names.delete(key);
    const [is_mine, err] = region.names.safe_add(key, `${region.configuration} ${made}`);
    if (is_mine === true) return $multi(made);
    if (err !== "exists") {
        files.remove_folder(made);
        return $multi(undefined, `the folder of helper processes cannot be noted: ${err}`);
    }
    const [winner] = noted_folder(region, key);
    // Where yet another one is about to note its own, this one serves this worker alone.
    if (winner === undefined) return $multi(made);
    files.remove_folder(made);
    return $multi(winner);
}

/** The folder of the sockets, which is made if there is none. On failure nil and why. Phases: any but init. */
export function folder_of(region: Region): Result<string> {
    const key = folder_key(region);
    const [known] = noted_folder(region, key);
    if (known !== undefined) return $multi(known);
    const [made, err] = spawning.make_folder();
    if (made === undefined) return $multi(undefined, err);
    const [quicker] = noted_folder(region, key);
    if (quicker === undefined) return note_folder(region, key, made);
    files.remove_folder(made);
    return $multi(quicker);
}

/** Another folder is to be made, as this one cannot be used. Phases: any but init. */
export function forget_folder(region: Region, folder: string): void {
    const key = folder_key(region);
    const [known] = noted_folder(region, key);
    if (known === folder) region.names.delete(key);
}

function pid_key(region: Region, place: Place): string {
    return `image helper ${number_of(region)} ${place.key}`;
}

/** Notes which process the helper of a place at a path is. Phases: any. */
export function note_pid(region: Region, place: Place, path: string, pid: number): void {
    // If there is no room, the helper ends itself, though later.
    region.names.safe_set(pid_key(region, place), `${pid} ${path}`);
}

/** The process that the helper of a place at a path is, or was; nothing if that is not known. Phases: any. */
export function pid_of(region: Region, place: Place, path: string): number | undefined {
    const [note] = region.names.get<string>(pid_key(region, place));
    const [pid, its_path] = string.match(note ?? "", "^(%d+) (.*)$");
    return its_path === path ? tonumber(pid) : undefined;
}
