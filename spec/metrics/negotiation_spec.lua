local negotiation = require("resty.openclaw.metrics.negotiation")
local open_metrics = require("resty.openclaw.metrics.open_metrics")
local text_format = require("resty.openclaw.metrics.text_format")

local OPEN = "application/openmetrics-text"

--- What Prometheus sends, word by word, and what it shall get.
local PROMETHEUS = {
    ["2.42"] = OPEN .. ";version=1.0.0," .. OPEN .. ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    ["2.53"] = OPEN .. ";version=1.0.0;q=0.5," .. OPEN .. ";version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    ["2.53, protobuf first"] = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
        .. OPEN .. ";version=1.0.0;q=0.5," .. OPEN .. ";version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    ["3.11"] = OPEN .. ";version=1.0.0;escaping=allow-utf-8;q=0.6," .. OPEN
        .. ";version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
}

describe("negotiation.choose", function()
    local function gives(format, headers)
        for _, accept in ipairs(headers) do assert.equal(format, negotiation.choose(accept), accept) end
    end

    it("gives OpenMetrics to Prometheus", function()
        for version, accept in pairs(PROMETHEUS) do assert.equal(open_metrics, negotiation.choose(accept), version) end
    end)

    it("gives the text to a Prometheus that knows only a draft of OpenMetrics, or is told to scrape text", function()
        gives(text_format, {
            OPEN .. "; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4",
        })
    end)

    it("gives the text to whoever has no liking for either", function()
        assert.equal(text_format, negotiation.choose(nil))
        gives(text_format, {
            "", "*/*", "text/*", "text/plain", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            OPEN .. ",text/plain", "text/plain," .. OPEN, "image/png", OPEN .. ";q=0", OPEN .. ";q=0,*/*;q=0",
            OPEN .. ";version=2.0.0", "text/plain;q=0",
        })
    end)

    it("goes by quality, and by the most exact entry of each format", function()
        gives(open_metrics, {
            OPEN, OPEN .. ";version=1.0.0", OPEN .. ", */*", "*/*, " .. OPEN, "application/*", "text/plain;q=0.5," .. OPEN,
            OPEN .. ";q=0.2,text/plain;q=0.1", "*/*,text/plain;q=0", OPEN .. ";q=1.000,text/plain;q=0.999",
            OPEN .. ";q=0.001,text/plain;q=0", "text/*;q=0.3,text/plain;q=0.1," .. OPEN .. ";q=0.2",
        })
        gives(text_format, {
            OPEN .. ";q=0.5,*/*", OPEN .. ";q=0.5,text/*;q=0.6", "application/*;q=1," .. OPEN .. ";q=0.1,text/plain;q=0.2",
            OPEN .. ";q=0,*/*;q=0.5",
        })
    end)

    it("takes any spelling that the standard allows", function()
        gives(open_metrics, {
            "Application/OpenMetrics-Text", OPEN .. ' ; version="1.0.0" ; Q=0.8 , text/plain ; q=0.7', "\t" .. OPEN .. "\t;\tq=1",
            OPEN .. ";charset=utf-8;version=1.0.0", ",," .. OPEN .. ",,", OPEN .. ";q=1.;version=1.0.0",
        })
    end)

    it("passes over what is malformed", function()
        gives(text_format, {
            OPEN .. ";q=", OPEN .. ";q=x", OPEN .. ";q=-1", OPEN .. ";q=2", OPEN .. ";q=0x1", OPEN .. ";q=1e0", OPEN .. ";q=nan",
            OPEN .. ";q=11", ";;;", "/", "application/", "/openmetrics-text", "openmetrics-text", "=;=,=;q", "\0\255" .. OPEN,
            ("q"):rep(1024), (","):rep(1024), (";q=1"):rep(256),
        })
        gives(open_metrics, { "rubbish, ;;, text/plain;q=9, " .. OPEN .. ";q=0.5", OPEN .. ";q=0.5;level" })
    end)

    it("reads no header that is longer than any honest one", function()
        local padding = (" "):rep(1024 - #OPEN)
        gives(open_metrics, { OPEN .. padding })
        gives(text_format, { OPEN .. padding .. " ", OPEN .. (",a/b"):rep(100000) })
    end)
end)
