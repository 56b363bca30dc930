/** What this worker knows of purges: those of the file, as it has last read it. */
import * as file_state from "../../core/files/file_state";
import * as files from "../../core/files/files";
import * as filters from "./filter";
import * as generations from "./generations";
import type { List } from "./list";
import * as lists from "./list";
import type { Purges } from "./model";
import * as purge_file from "./purge_file";

/** The table's purges are these now; `is_more`: and those that it had. False if they are none. Phases: any. */
export function take(purges: Purges, list: List, is_more: boolean): boolean {
    const all = is_more ? purges.all : generations.new();
    for (const entry of list.entries) {
        if (entry.filter === filters.ALL) {
            // It is the last one, and those that the table had are older.
            if (is_more) return take(purges, list, false);
            all.all = entry.generation;
        } else {
            const filter = filters.read(entry.filter);
            if (filter === undefined) return false;
            generations.note(all, filter, entry.generation);
        }
    }
    purges.all = all;
    purges.epoch = list.epoch;
    purges.last = list.last;
    purges.at = list.at;
    purges.part = string.format("%s.%d", list.epoch, all.all);
    purges.has_keys = all.key_count > 0;
    return true;
}

/** Nobody knows what was purged. Until there is a file, the answers of this worker are its own. Phases: any. */
export function lose(purges: Purges): void {
    take(purges, lists.fresh(), false);
    purges.is_lost = true;
}

/** Reads the whole file. Returns why that failed, if it did. */
function read_all(purges: Purges): string | undefined {
    const [list, problem, err] = purge_file.read(purges.path);
    if (list === undefined) return err ?? problem;
    if (lists.is_older(list, purges.known_epoch, purges.known_last)) return "is older than it was";
    if (!take(purges, list, false)) return "damaged";
    return undefined;
}

/** Takes what is new in the file, or all that it has. Returns why that failed, if it did. */
function take_file(purges: Purges): string | undefined {
    const [text] = files.beginning(purges.path, lists.MOST_FILE_BYTES + 1);
    const news = lists.newer(text ?? "", purges.epoch, purges.last);
    if (news !== undefined && take(purges, news, true)) return undefined;
    return read_all(purges);
}

/** The purges are those of the file from now on. Returns why that failed, if it did. Phases: any; blocks. */
export function load(purges: Purges): string | undefined {
    purges.seen = purges.stamp.get(0);
    purges.file = file_state.of(purges.path, lists.MOST_FILE_BYTES);
    const problem = take_file(purges);
    if (problem !== undefined) return problem;
    purges.known_epoch = purges.epoch;
    purges.known_last = purges.last;
    purges.is_lost = false;
    return undefined;
}
