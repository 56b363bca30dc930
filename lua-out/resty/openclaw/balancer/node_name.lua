local ____exports = {}
local tostring = tostring
local nginx_balancer = require("ngx.balancer")
local nginx_balancer_recreate_request = nginx_balancer.recreate_request
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local HTTP_PORT = 80
local HTTPS_PORT = 443
--- The variable that nginx.conf sends as Host; see nginx/proxy.conf.
local VARIABLE = "openclaw_host"
--- A node's own Host header: its name or else its address, with its port unless that is 80 or 443. Phases: any.
local function host_header(name, host, port)
    if port == 0 then
        return "localhost"
    end
    local shown = name or host
    return (port == HTTP_PORT or port == HTTPS_PORT) and shown or (shown .. ":") .. tostring(port)
end
____exports.host_header = host_header
--- The name for TLS of an attempt at this peer. Nothing to keep nginx's own (`proxy_ssl_name`, or the name of the upstream). Phases: any.
-- 
-- @param last the peer of the attempt before
-- @param upstream the name of the upstream in nginx.conf
local function server_name(peer, last, upstream)
    if peer.server_name ~= nil or (last and last.server_name) == nil then
        return peer.server_name
    end
    return upstream
end
____exports.server_name = server_name
--- Sends the node its own name as Host. nginx has written the header before the node was chosen, so it is written again. Phases: balancer.
local function tell_host(peer, faults)
    if request_variable(VARIABLE) == peer.host_header then
        return
    end
    if not request_set_variable(VARIABLE, peer.host_header) then
        faults:report("no_host_variable", "host = \"node\" needs openclaw.conf or standalone.conf: no $", VARIABLE)
        return
    end
    local ok, err = nginx_balancer_recreate_request()
    if ok ~= true then
        faults:report("recreate_request", err)
    end
end
____exports.tell_host = tell_host
return ____exports
