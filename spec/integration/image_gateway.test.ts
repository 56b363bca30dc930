/** nginx/scenarios/image-gateway.conf: photographs of all kinds in, one form out. */
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { freePort } from "./support/free_port";
import { startNativeScenario } from "./support/native_scenario";
import type { Look } from "./support/pictures";
import { look, scene } from "./support/pictures";

interface Envelope {
    id: string;
    cached: boolean;
    result: { label: string };
}

async function startNode(looks: Look[]): Promise<number> {
    const node = http.createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            void look(Buffer.concat(chunks)).then((one) => {
                looks.push(one);
                response.writeHead(200, { "Content-Type": "application/json" }).end('{"label":"crawfish"}');
            });
        });
    });
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
        node.closeAllConnections();
        node.close();
    });
    return (node.address() as AddressInfo).port;
}

test("photographs as bodies, in forms, in JSON and in chats get one answer in one envelope", async () => {
    const looks: Look[] = [];
    const nodePort = await startNode(looks);
    const port = await freePort();
    const gateway = await startNativeScenario("image-gateway", {
        "listen 127.0.0.1:8080": `listen 127.0.0.1:${port}`,
        '"127.0.0.1:8101", "127.0.0.1:8102", "127.0.0.1:8103"': `"127.0.0.1:${nodePort}"`,
    });
    onTestFinished(() => gateway.stop());
    const ask = async (body: BodyInit, headers = {}): Promise<[cache: string | null, envelope: Envelope]> => {
        const response = await fetch(`http://127.0.0.1:${port}/api/analyze`, { method: "POST", body, headers });
        expect(response.status).toBe(200);
        return [response.headers.get("x-cache-status"), (await response.json()) as Envelope];
    };
    const photograph = new Uint8Array(await scene("png", 2000, 1500));
    const base64 = Buffer.from(photograph).toString("base64");
    const form = new FormData();
    form.set("image", new Blob([photograph], { type: "image/png" }), "pond.png");
    const json = { "Content-Type": "application/json" };

    const [first, envelope] = await ask(photograph);
    expect([first, envelope.cached, envelope.result]).toEqual(["MISS", false, { label: "crawfish" }]);
    for (const [body, headers] of [
        [photograph, {}],
        [form, {}],
        [JSON.stringify({ image: base64 }), json],
        [JSON.stringify({ image: `data:image/png;base64,${base64}` }), json],
    ] as const) {
        const [cache, again] = await ask(body, headers);
        expect([cache, again.cached, again.result]).toEqual(["HIT", true, { label: "crawfish" }]);
    }
    for (const name of ["pond.jpg", "crawfish.png"]) {
        await ask(new Uint8Array(readFileSync(path.join(CHECKOUT, "demo/images", name))));
    }
    expect(looks[0]).toEqual({ format: "JPEG", width: 1024, height: 768 });
    for (const { format, width, height } of looks) {
        expect(format).toBe("JPEG");
        expect(Math.max(width, height)).toBeLessThanOrEqual(1024);
    }
});
