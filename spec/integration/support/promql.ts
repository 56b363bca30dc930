/** Reads from PromQL which series an expression asks for. No parser: names are known by what they look like here. */

export interface Selector {
    name: string;
    /** The label names that its matchers name. */
    labels: string[];
}

export interface Reading {
    selectors: Selector[];
    /** The label names of `by`, `on` and their like. */
    groupings: string[];
}

const SELECTOR = /(?<![\w:"])(up|ALERTS|(?:[a-z_]+:)?openclaw_[a-z0-9_]+(?::[a-z0-9_]+)?)(?![\w:])(?:\s*\{([^}]*)\})?/g;
const MATCHER = /([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"/g;
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;

export function readPromql(expression: string): Reading {
    const selectors = [...expression.matchAll(SELECTOR)].map(([, name = "", matchers = ""]) => ({
        name,
        labels: [...matchers.matchAll(MATCHER)].map(([, label = ""]) => label),
    }));
    const groupings = [...expression.matchAll(GROUPING)].flatMap(([, list = ""]) => list.split(/[\s,]+/));
    return { selectors, groupings: groupings.filter((label) => label !== "") };
}
