import { expect, test } from "vitest";
import { buildImage, GatewayContainer } from "./support/gateway_container";

test("the image runs the demo", async () => {
    await using gateway = await new GatewayContainer(await buildImage()).start();
    const answer = await fetch(gateway.url("/"));
    expect(answer.status).toBe(200);
}, 180_000);
