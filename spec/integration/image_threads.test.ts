/** Conversions in thread pools that are too small for them, or that others use as well. */
import { beforeEach, expect, test } from "vitest";
import { KeepingNode, post, startImageGateway } from "./support/image_gateway";
import { scene } from "./support/pictures";

let node: KeepingNode;

beforeEach(async () => {
    node = await KeepingNode.start();
});

test.each([0, 1, 3])("more conversions than a queue of %i takes wait, and the worker lives", async (most) => {
    const gateway = await startImageGateway(node, {
        image: 'jobs = 8, queue = 100, thread_pool = "small"',
        main: `thread_pool small threads=1 max_queue=${most};`,
        workers: 1,
    });
    const workers = await gateway.workerPids();
    const picture = await scene("png", 500, 500);
    const answers = await Promise.all(Array.from({ length: 16 }, () => post(gateway, picture)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    expect(await gateway.workerPids()).toEqual(workers);
});
