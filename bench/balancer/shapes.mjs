// The pools of simulated nodes, and the scale of time.

/** What one unit of work takes at speed 1. */
export const UNIT_MS = 200;
/** 60 units. A request that takes longer is an error. */
export const TIMEOUT_SECONDS = (60 * UNIT_MS) / 1000;

const node = (speed, slots) => ({ speed, slots });

export const SHAPES = {
    A1: { text: "speeds 3, 2, 1; 4 slots each", nodes: [node(3, 4), node(2, 4), node(1, 4)] },
    A2: { text: "speeds 3, 2, 1; 8, 4 and 1 slots", nodes: [node(3, 8), node(2, 4), node(1, 1)] },
    equal: { text: "6 nodes of speed 2 with 4 slots", nodes: Array.from({ length: 6 }, () => node(2, 4)) },
};

/** How many requests a second the nodes of a shape can do, when a unit takes so long. */
export const capacity = (shape, unitMs) =>
    SHAPES[shape].nodes.reduce((sum, { speed, slots }) => sum + speed * slots, 0) / (unitMs / 1000);
