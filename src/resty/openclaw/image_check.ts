/** What was the plugin `image_check` is a part of `checks`. Says so to those who still write it. Phases: init. */
import * as contract from "./gateway/contract";

const DEFAULT: readonly unknown[] = ["jpeg", "png"];

/** The formats of the old option as the new one has them. */
function content_types(options: unknown): string {
    const given = type(options) === "table" ? (options as Record<string, unknown>).formats : undefined;
    const names: string[] = [];
    for (const format of type(given) === "table" ? (given as unknown[]) : DEFAULT) names.push(`"image/${format}"`);
    return `{ content_types = { ${table.concat(names, ", ")} } }`;
}

/** The sentence for a route that still has the option; `path`: the option's. */
export function in_route(path: string, options: unknown): string {
    return `${path} is now a part of checks: write checks = ${content_types(options)}`;
}

/** Raises how to say it now. Phases: init. */
function alone(options?: unknown): never {
    const types = content_types(options);
    const create = (): never =>
        error(`image_check is now a part of checks: write require("resty.openclaw.checks").new(${types})`, 0);
    return contract.alone({ name: "image_check", schema: {}, create }, {}) as never;
}
export { alone as new };
