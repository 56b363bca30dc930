/** Where the series of a family count: found or made, and what becomes of those past the limit. */
import { increment } from "../../memory/shared_memory/names";
import * as rows from "../../memory/shared_memory/rows";
import * as clock from "../../time/clock";
import * as allow_list from "./allow_list";
import { OTHER } from "./allow_list";
import { are_fitted, label_text } from "./label_text";
import type { Family } from "./model";
import * as outside_values from "./outside_values";
import * as room from "./room";

/** The pin of series that are kept in every configuration. */
const FOR_EVER = math.huge;

const SECONDS_BETWEEN_LINES = 60;

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

/** Whether a family may have one more series beside that of the others. */
function is_within_limit(family: Family<unknown>, count: number, others: string): boolean {
    const most = family.registry.most_series;
    // What the configuration binds is not from outside, and must not depend on who comes first.
    if (count <= most || is_starting()) return true;
    return count === most + 1 && family.registry.region.names.get(`slot:${others}`)[0] !== undefined;
}

/** Takes the place of one more series, and the room of its name; false when there is none. */
function take_place(family: Family<unknown>, name: string, others: string): boolean {
    const registry = family.registry;
    const names = registry.region.names;
    const [count] = increment(names, `series:${family.name}`, 1, 0);
    if (count === undefined) return false;
    if (is_within_limit(family, count, others)) {
        const bytes = room.bytes_of(name);
        if (family.is_essential) {
            room.take(registry, bytes);
            return true;
        }
        if (room.take_if_any(registry, bytes, is_starting())) return true;
        if (is_starting()) registry.missing_bytes += bytes;
    }
    names.incr(`series:${family.name}`, -1);
    return false;
}

/** Takes a place whatever the limits say. */
function take_place_of_others(family: Family<unknown>, name: string): void {
    increment(family.registry.region.names, `series:${family.name}`, 1, 0);
    room.take(family.registry, room.bytes_of(name));
}

function give_place_back(family: Family<unknown>, name: string): void {
    family.registry.region.names.incr(`series:${family.name}`, -1);
    room.give_back(family.registry, room.bytes_of(name));
}

/** Makes a series that has its place already. Nothing where no memory is left; none is tried then until a row is free. */
function make(family: Family<unknown>, name: string): LuaMultiReturn<[slot?: number, generation?: number]> {
    const { registry } = family;
    const region = registry.region;
    const [slot, second, made] = rows.make(region, name, row_size(family), pin_of(family), clock.now());
    if (made === true) outside_values.made(family, name);
    else give_place_back(family, name);
    if (slot !== undefined) return $multi(slot, second);
    if (is_starting()) registry.missing_bytes += room.bytes_of(name);
    family.lost_epoch = rows.epoch(region);
    if (clock.now() >= registry.next_line) {
        registry.next_line = later(clock.now(), SECONDS_BETWEEN_LINES);
        ngx.log(
            ngx.ERR,
            "metric_registry: new series, such as ",
            family.name,
            "'s, count as _other or not at all: ",
            second,
        );
    }
    return $multi();
}

/** Counts that a series counts as one of the others. */
function note_dropped(family: Family<unknown>): void {
    const dropped = family.registry.dropped as Family<unknown> | undefined;
    if (dropped !== family) family.registry.dropped?.labels(family.name).inc();
}

/** The series of the others, found or made; the lost slot where there is no memory for it. */
function place_of_others(family: Family<unknown>, others: string): LuaMultiReturn<[slot: number, generation: number]> {
    const region = family.registry.region;
    const [found, found_generation] = rows.find(region, others);
    if (found !== undefined) return $multi(found, found_generation!);
    if (family.lost_epoch !== rows.epoch(region)) {
        take_place_of_others(family, others);
        const [slot, generation] = make(family, others);
        if (slot !== undefined) return $multi(slot, generation!);
    }
    family.registry.lost?.inc();
    return $multi(rows.LOST_SLOT, family.lost_epoch);
}

/**
 * Where a series counts: its slot and generation, found or made, or those of the others past the limits. Third value:
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
    const others = name_of_others(family);
    if (name === others) {
        const [slot, generation] = place_of_others(family, others);
        return $multi(slot, generation, slot !== rows.LOST_SLOT);
    }
    const has_memory = family.lost_epoch !== rows.epoch(region);
    if (has_memory && take_place(family, name, others)) {
        const [slot, generation] = make(family, name);
        if (slot !== undefined) return $multi(slot, generation!, slot !== rows.LOST_SLOT);
    } else if (!has_memory && is_starting()) {
        family.registry.missing_bytes += room.bytes_of(name);
    }
    const [slot, generation] = place_of_others(family, others);
    if (slot !== rows.LOST_SLOT) note_dropped(family);
    return $multi(slot, generation, false);
}
