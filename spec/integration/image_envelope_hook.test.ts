/** Envelopes in a route of which some locations lack the hook for bodies: no response breaks, and the log says it. */
import { expect, test } from "vitest";
import { eventually } from "./support/eventually";
import { type Answer, KeepingNode, metric, post, startImageGateway } from "./support/image_gateway";
import type { NativeNginx } from "./support/native_nginx";
import { scene } from "./support/pictures";

const RESULT = '{"label":"crawfish"}';

/** A gateway with one worker, whose location `/hooked` has the hook, and `/` has not. */
async function start(location = ""): Promise<{ gateway: NativeNginx; ask: (target: string) => Promise<Answer> }> {
    const gateway = await startImageGateway(await KeepingNode.start(), {
        workers: 1,
        image: "envelope = true",
        location,
        server: `location /hooked {
            set $openclaw_route analyze;
            include route.conf;
            include image.conf;
            proxy_pass http://cluster;
        }`,
    });
    const picture = await scene("png", 9, 9);
    return { gateway, ask: (target) => post(gateway, picture, {}, target) };
}

test("a location without the hook passes all responses unchanged, after any with it, and the log says so", async () => {
    const { gateway, ask } = await start();
    const hooked: Answer[] = [];
    for (let time = 0; time < 3; time += 1) hooked.push(await ask("/hooked"));
    for (const { text } of hooked)
        expect(JSON.parse(text)).toMatchObject({ cached: false, result: { label: "crawfish" } });
    expect(hooked.map(({ headers }) => headers.has("content-length"))).toEqual([false, true, true]);
    for (let time = 0; time < 3; time += 1) {
        const { status, headers, text } = await ask("/bare");
        expect([status, headers.get("content-length"), text]).toEqual([200, null, RESULT]);
    }
    expect((await ask("/hooked")).headers.has("content-length")).toBe(true);
    await eventually("the log says so", async () =>
        (await gateway.errorLog()).includes('a response of the route "analyze" passed without its envelope'),
    );
    expect(await metric(gateway, 'openclaw_faults_total{plugin="image",kind="no_body_filter"}')).toBe(3);
    expect((await gateway.errorLog()).match(/passed without its envelope/g)?.length).toBe(1);
});

test("an if in a location counts as a location of its own", async () => {
    const { ask } = await start("include image.conf; if ($arg_if) { set $openclaw_route analyze; }");
    const lengths: boolean[] = [];
    for (const target of ["/", "/?if=1", "/", "/?if=1"]) {
        const { headers, text } = await ask(target);
        expect(JSON.parse(text)).toMatchObject({ result: { label: "crawfish" } });
        lengths.push(headers.get("content-length") === String(Buffer.byteLength(text)));
    }
    expect(lengths).toEqual([false, false, true, true]);
});
