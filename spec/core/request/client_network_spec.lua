local client_network = require("resty.openclaw.core.request.client_network")

describe("client_network", function()
    it("tells IPv4 clients apart, whichever socket they came to", function()
        local mapped = ("\0"):rep(10) .. "\255\255"
        assert.equal("\10\9\0\1", client_network.of_address("\10\9\0\1"))
        assert.equal("\10\9\0\1", client_network.of_address(mapped .. "\10\9\0\1"))
        assert.equal("\192\168\7\1", client_network.of_address(mapped .. "\192\168\7\1"))
    end)

    it("takes the first 64 bits of an IPv6 address", function()
        assert.equal("\32\1\13\184\0\0\0\1", client_network.of_address("\32\1\13\184\0\0\0\1" .. ("x"):rep(8)))
    end)

    it("knows nothing of clients without an address", function()
        assert.equal("", client_network.of_address(""))
    end)
end)
