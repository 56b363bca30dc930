/**
 * A loop over a short list, as straight code: one call for each of the first items, a real loop for the rest. LuaJIT makes a trace
 * of its own of each loop, so that what comes after it is compiled once for each way out of the loop; straight code is part of the
 * trace around it. Nearly all upstreams have few enough nodes for that.
 */

/** So many items are visited by straight code. */
const STRAIGHT = 8;

type Visit<Item, First, Second, Third> = (this: void, item: Item, first: First, second: Second, third: Third) => void;
type Loop<Item, First, Second, Third> = (
    this: void,
    items: readonly Item[],
    count: number,
    first: First,
    second: Second,
    third: Third,
) => void;
type Maker = (this: void, visit: unknown) => unknown;

function write(): string {
    const lines: string[] = ["local visit = ...", "return function(items, count, first, second, third)"];
    for (const place of $range(1, STRAIGHT)) {
        lines.push(`if count < ${place} then return end`);
        lines.push(`visit(items[${place}], first, second, third)`);
    }
    lines.push(`for place = ${STRAIGHT + 1}, count do visit(items[place], first, second, third) end`);
    lines.push("end");
    return table.concat(lines, "\n");
}

const CODE = write();

/**
 * A function that calls `visit` with each of the first `count` items, in order, and with three more values. Call it once for
 * each `visit`, where a module is loaded. It makes the code anew each time, as LuaJIT has the same traces for all closures of one function.
 * Phases: any.
 */
export function over<Item, First, Second, Third>(
    visit: Visit<Item, First, Second, Third>,
): Loop<Item, First, Second, Third> {
    const [maker, err] = loadstring(CODE, "=straight loop");
    if (maker === undefined) error(`straight_loop: ${err}`, 0);
    return (maker as Maker)(visit) as Loop<Item, First, Second, Third>;
}
