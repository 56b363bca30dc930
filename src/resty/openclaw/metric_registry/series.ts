/** Where the series of a family count: found or made, and what becomes of those past the limit. */
import * as clock from "../clock";
import { increment } from "../shared_memory/names";
import * as rows from "../shared_memory/rows";
import * as allow_list from "./allow_list";
import { OTHER } from "./allow_list";
import type { Family } from "./family";
import { are_fitted, label_text } from "./label_text";

/** The pin of series that are kept in every configuration. */
const FOR_EVER = math.huge;

/** The name of a series' row; `catalogue` reads it back. */
export function name_of(family: Family<unknown>, labels: string): string {
    if (family.kind !== "histogram") return `${family.kind} ${family.name}${labels}`;
    return `${family.kind} ${family.name}${labels} ${table.concat(family.bounds as number[], ",")}`;
}

/** The name of the series with these label values where no others can have it; else nothing. */
export function own_name(family: Family<unknown>, values: string[]): string | undefined {
    if (family.kept_names.length !== family.label_names.length || !are_fitted(values)) return undefined;
    if (family.allowed !== undefined) {
        const kept = allow_list.kept_values(family.allowed, family.label_names, values);
        for (const index of $range(0, values.length - 1)) {
            if (kept[index] !== values[index]) return undefined;
        }
    }
    return name_of(family, label_text(family.kept_names, values));
}

function row_size(family: Family<unknown>): number {
    return family.kind === "histogram" ? family.bounds.length + 2 : 1;
}

/** The name of the series that takes what is past the limit. */
function name_of_others(family: Family<unknown>): string {
    const values: string[] = [];
    for (const index of $range(1, family.kept_names.length)) values[index - 1] = OTHER;
    return name_of(family, label_text(family.kept_names, values));
}

/** Whether nginx is being started or reloaded: what is bound now is shown from the start, and kept. */
export function is_starting(): boolean {
    const phase = ngx.get_phase();
    return phase === "init" || phase === "init_worker";
}

/** Up to which configuration a new series of the family is kept. */
function pin_of(family: Family<unknown>): number {
    if (family.kept_names.length === 0) return FOR_EVER;
    return is_starting() ? family.registry.region.configuration : 0;
}

/** Takes the place of one more series; false when there is none. The series of the others needs none. */
function take_place(family: Family<unknown>, others: string): boolean {
    const names = family.registry.region.names;
    const [count] = increment(names, `series:${family.name}`, 1, 0);
    if (count !== undefined) {
        if (count <= family.registry.most_series) return true;
        const has_others = names.get(`slot:${others}`)[0] !== undefined;
        if (has_others && count === family.registry.most_series + 1) return true;
        names.incr(`series:${family.name}`, -1);
    }
    return false;
}

/** Makes a series that has its place already. Where no row is left it counts nowhere, until one is free again. */
function make(family: Family<unknown>, name: string): LuaMultiReturn<[slot: number, generation: number]> {
    const region = family.registry.region;
    const [slot, second, made] = rows.make(region, name, row_size(family), pin_of(family), clock.now());
    if (made !== true) region.names.incr(`series:${family.name}`, -1);
    if (slot !== undefined) return $multi(slot, second);
    ngx.log(ngx.ERR, "metric_registry: new series of ", family.name, " are not counted: ", second);
    family.lost_epoch = rows.epoch(region);
    return $multi(rows.LOST_SLOT, family.lost_epoch);
}

/**
 * Where a series counts: its slot and generation, found or made, or those of the others past the limit. Third value:
 * whether they are its own.
 */
export function place(
    family: Family<unknown>,
    name: string,
): LuaMultiReturn<[slot: number, generation: number, is_own: boolean]> {
    const region = family.registry.region;
    const [found, found_generation] = rows.find(region, name);
    if (found !== undefined) {
        if (is_starting()) rows.pin(region, found, region.configuration);
        return $multi(found, found_generation!, found !== rows.LOST_SLOT);
    }
    if (family.lost_epoch === rows.epoch(region)) return $multi(rows.LOST_SLOT, family.lost_epoch, false);
    const others = name_of_others(family);
    if (name !== others) {
        if (take_place(family, others)) {
            const [slot, generation] = make(family, name);
            return $multi(slot, generation, slot !== rows.LOST_SLOT);
        }
        const dropped = family.registry.dropped as Family<unknown> | undefined;
        if (dropped !== family) family.registry.dropped?.labels(family.name).inc();
        const [known, known_generation] = rows.find(region, others);
        if (known !== undefined) return $multi(known, known_generation!, false);
    }
    increment(region.names, `series:${family.name}`, 1, 0);
    const [slot, generation] = make(family, others);
    return $multi(slot, generation, name === others && slot !== rows.LOST_SLOT);
}
