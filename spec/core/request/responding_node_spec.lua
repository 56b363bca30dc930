local http = require("spec.support.http")

--- What the response of a location has in `$openclaw_responding_node`. nginx itself finds "by nginx" where `later` is "1".
local function node_of(path, later)
    return http.get(path, { ["X-Later"] = later or "1" }).header("X-Node")
end

describe("responding_node", function()
    setup(function() assert.equal("127.0.0.1:18080", node_of("/request/node", "0")) end)

    it("is the address of a single attempt", function() assert.equal("127.0.0.1:18080", node_of("/request/node")) end)

    it("is left to nginx after several attempts, and without any", function()
        assert.equal("by nginx", node_of("/request/nodes"))
        assert.equal("by nginx", node_of("/request/no_node"))
    end)
end)
