/** Fields of forms as arguments of the query, and the path that stands before them. */
import { expect, test } from "vitest";
import { KeepingNode, post, startImageGateway } from "./support/image_gateway";
import { scene } from "./support/pictures";

const PATHS = ["/a%2Fb/%C3%A9/c%20d", "/a//b//", "/%25/a+b;c=1", "/%e9%ff", `/${"x".repeat(5000)}`, "/"];

test("with $openclaw_sent_path the path stays as the client sent it, with the new query and without one", async () => {
    const node = await KeepingNode.start();
    const gateway = await startImageGateway(node, {
        server: `location /sent {
            set $openclaw_route analyze;
            include route.conf;
            proxy_pass http://cluster$openclaw_sent_path$is_args$args;
        }`,
    });
    const picture = await scene("png", 64, 64);
    const form = new FormData();
    form.set("camera", "7/8");
    form.set("image", new Blob([new Uint8Array(picture)]), "pond.png");
    for (const path of PATHS) {
        for (const [body, query, sent] of [
            [form, "", "?camera=7%2F8"],
            [form, "?day=%2F1", "?day=%2F1&camera=7%2F8"],
            [picture, "?day=%2F1", "?day=%2F1"],
            [picture, "", ""],
        ] as const) {
            expect(await post(gateway, body, {}, `/sent${path}${query}`)).toMatchObject({ status: 200 });
            expect(node.last().url).toBe(`/sent${path}${sent}`);
        }
    }
});
