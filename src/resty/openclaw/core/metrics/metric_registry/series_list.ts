/**
 * Any number of series without a Lua object or text for each: 100,000 of these would halt the worker for many
 * milliseconds when LuaJIT doubles its table of texts, or marks them all.
 */
import * as ffi from "ffi";
import type { Buffer } from "string.buffer";
import * as string_buffer from "string.buffer";

export interface SeriesList {
    /** The labels of all, one after the other. */
    readonly texts: Buffer;
    text_bytes: number;
    /** Three for each series: its slot, the generation of that, and where its labels end. */
    numbers: Doubles;
    /** Indexes go from 0 to below this. */
    count: number;
    /** How many `numbers` has room for. */
    room: number;
}

const NUMBERS = 3;
const GENERATION = 1;
const LABELS_END = 2;
const FIRST_ROOM = 8;

function new_numbers(room: number): Doubles {
    return ffi.new("double[?]", room * NUMBERS) as unknown as Doubles;
}

/** An empty list. Phases: any. */
function create(): SeriesList {
    return {
        texts: string_buffer.new(),
        text_bytes: 0,
        numbers: new_numbers(FIRST_ROOM),
        count: 0,
        room: FIRST_ROOM,
    };
}
export { create as new };

function grow(list: SeriesList): void {
    const numbers = new_numbers(2 * list.room);
    ffi.copy(numbers as unknown as CValue, list.numbers, list.count * NUMBERS * 8);
    list.numbers = numbers;
    list.room *= 2;
}

/** Appends a series, whose labels are the `bytes` at `labels`. Phases: any. */
export function add(list: SeriesList, labels: Bytes, bytes: number, slot: number, generation: number): void {
    if (list.count === list.room) grow(list);
    list.texts.putcdata(labels, bytes);
    list.text_bytes += bytes;
    const at = list.count * NUMBERS;
    list.numbers.set(at, slot);
    list.numbers.set(at + GENERATION, generation);
    list.numbers.set(at + LABELS_END, list.text_bytes);
    list.count += 1;
}

/** The first slot of a series. Phases: any. */
export function slot(list: SeriesList, index: number): number {
    return list.numbers.get(index * NUMBERS);
}

/** The generation that this slot had. Phases: any. */
export function generation(list: SeriesList, index: number): number {
    return list.numbers.get(index * NUMBERS + GENERATION);
}

/** Whether a series is still what its slots hold: to be asked anew after each pause. Phases: any. */
export function is_current(list: SeriesList, index: number, generations: Doubles): boolean {
    return generations.get(slot(list, index)) === generation(list, index);
}

function labels_begin(list: SeriesList, index: number): number {
    return index === 0 ? 0 : list.numbers.get((index - 1) * NUMBERS + LABELS_END);
}

/** How many bytes the labels of a series have: 0 for one without any. Phases: any. */
export function label_bytes(list: SeriesList, index: number): number {
    return list.numbers.get(index * NUMBERS + LABELS_END) - labels_begin(list, index);
}

/** Where the labels of a series are, until the next one is added. Phases: any. */
export function labels_at(list: SeriesList, index: number): Bytes {
    const [memory] = list.texts.ref();
    return pointer_add(ffi.cast("const uint8_t *", memory), labels_begin(list, index));
}

/** The labels of a series as the page shows them: `{name="value",…}`, or nothing. Phases: any. */
export function labels(list: SeriesList, index: number): string {
    return ffi.string(labels_at(list, index), label_bytes(list, index));
}
