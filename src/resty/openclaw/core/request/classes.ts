/** Options by the class of callers, `$openclaw_class`. */
import type { Kind } from "../../config/kinds";
import * as names from "../../config/names";
import * as problem from "../../config/problems";
import { map_of } from "../../config/schema";
import * as texts from "../text/text";

/**
 * A kind: a table from the names of classes to values of a kind, as `map_of`. A class that no caller can have is a problem. Phases: init.
 */
export function map_of_classes<Value>(kind: Kind<Value>, example: string): Kind<LuaTable<string, Value>> {
    const map = map_of(kind, example);
    return {
        name: map.name,
        read: (given, path, problems) => {
            const read = map.read(given, path, problems);
            for (const name of names.sorted(read)) {
                if (!texts.is_name(name)) {
                    problems.push(
                        `${path}: ${problem.shown(name)} is no name of a class: 1 to 64 of A-Z a-z 0-9 _ . -`,
                    );
                }
            }
            return read;
        },
    };
}
