local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local math_floor = math.floor
local math_max = math.max
local string_find = string.find
local string_lower = string.lower
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_whole = kinds.whole
local problem_texts = require("resty.openclaw.config.problems")
local problem_texts_child = problem_texts.child
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local required = ____schema.required
local dns_servers = require("resty.openclaw.core.dns.servers")
local dns_servers_RESOLV_CONF = dns_servers.RESOLV_CONF
local dns_servers_SERVERS = dns_servers.SERVERS
local dns_servers_from_file = dns_servers.from_file
local dns_servers_library_of = dns_servers.library_of
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local http_client = require("resty.openclaw.http_client")
local http_client_parse_url = http_client.parse_url
local http_client_request = http_client.request
local ____response = require("resty.openclaw.http_client.response")
local response_TOO_LARGE = ____response.TOO_LARGE
local TOO_LARGE = response_TOO_LARGE
local ____look_up = require("resty.openclaw.image.remote.look_up")
local look_up = ____look_up.look_up
local pictures = require("resty.openclaw.image.remote.picture")
local pictures_new = pictures.new
local pictures_receiver = pictures.receiver
local places = require("resty.openclaw.image.remote.places")
local places_PLACE = places.PLACE
local places_find = places.find
local turns = require("resty.openclaw.image.remote.turns")
local turns_begin = turns.begin
local turns_finish = turns.finish
____exports.memory_of = pictures.memory_of
--- A longer address is refused.
local MOST_ADDRESS_BYTES = 2048
--- So many addresses of a server are tried, as long as there is time.
local MOST_ADDRESSES = 3
local QUERIES = 2
--- A look-up may take the time of so many queries.
local QUERIES_OF_LOOK_UP = QUERIES + 2
local TOO_MANY_REQUESTS = 429
local FIRST_SERVER_ERROR = 500
local OK = 200
local REFUSED = "This service does not fetch images from that address."
local BUSY = "Too many images are being fetched; try again later."
local UNAVAILABLE = "The server with the image does not respond as it should; try again later."
local SCHEMA = {
    hosts = required(
        kinds_list_of(places_PLACE),
        "servers: `\"cdn.example.com\"`, `\"*.example.org\"`, `\"cdn.example.com:8443\"`; by https, unless an entry begins with `http://`"
    ),
    max_bytes = option(
        kinds_whole(1, 1073741824),
        20971520,
        "maximum length of an image"
    ),
    timeout = option(kinds.positive, 5, "seconds in which an image must have come"),
    dns_servers = computed(dns_servers_SERVERS, ("those of `" .. dns_servers_RESOLV_CONF) .. "`, read when nginx starts or reloads", "who is asked for the addresses of hosts, at most 8: `\"10.0.0.2\"` or `\"10.0.0.2:5353\"`")
}
____exports.SCHEMA = SCHEMA
--- Whether any of the entries is a name.
local function has_names(hosts)
    for ____, ____value in ipairs(hosts) do
        local is_address = ____value.is_address
        if not is_address then
            return true
        end
    end
    return false
end
--- Raises without a library or a server for names; `path`: that of the options. Phases: init.
local function create(options, path)
    local ____options_0 = options
    local hosts = ____options_0.hosts
    local max_bytes = ____options_0.max_bytes
    local timeout = ____options_0.timeout
    local is_asked = has_names(hosts)
    local library = is_asked and dns_servers_library_of(path, "hosts of images") or nil
    local servers = options.dns_servers or (is_asked and dns_servers_from_file(problem_texts_child(path, "dns_servers")) or ({}))
    local timeout_ms = math_max(
        1,
        math_floor(timeout * 1000 / QUERIES_OF_LOOK_UP)
    )
    return {hosts = hosts, max_bytes = max_bytes, timeout = timeout, asking = {library = library, servers = servers, timeout_ms = timeout_ms, attempts = QUERIES}}
end
____exports.new = create
local function failed(code, message, detail)
    return nil, {code = code, message = message, detail = detail}
end
--- Why an image did not come.
local function problem_of(____bindingPattern0, ____bindingPattern1, err)
    local max_bytes
    max_bytes = ____bindingPattern0.max_bytes
    local is_encoded
    local status
    status = ____bindingPattern1.status
    is_encoded = ____bindingPattern1.is_encoded
    local is_too_large = string_find(err, TOO_LARGE, 1, true)
    if is_too_large ~= nil then
        return failed(
            "remote_too_large",
            ("An image at another server may have at most " .. tostring(max_bytes)) .. " bytes.",
            err
        )
    end
    if is_encoded then
        return failed("remote_failed", "The server with the image responds with a Content-Encoding.", err)
    end
    if status == 0 or status == OK or status >= FIRST_SERVER_ERROR or status == TOO_MANY_REQUESTS then
        return failed("remote_unavailable", UNAVAILABLE, err)
    end
    return failed(
        "remote_failed",
        ("The server with the image responds with status " .. tostring(status)) .. ".",
        err
    )
end
--- The Host header; the port is that of the scheme unless the list says otherwise.
local function host_header(____bindingPattern0)
    local port
    local host
    local scheme
    scheme = ____bindingPattern0.scheme
    host = ____bindingPattern0.host
    port = ____bindingPattern0.port
    return port == (scheme == "https" and 443 or 80) and host or (host .. ":") .. tostring(port)
end
--- One try, at one address.
local function try_at(remote, target, address, picture, ends)
    local seconds = ends - clock_now()
    if seconds <= 0 then
        return nil, "timeout"
    end
    local response, err = http_client_request({
        scheme = target.scheme,
        host = address,
        port = target.port,
        path = target.path,
        headers = {
            Host = host_header(target),
            Accept = "image/*",
            ["Accept-Encoding"] = "identity"
        },
        ssl_server_name = target.host,
        connect_seconds = seconds,
        send_seconds = seconds,
        read_seconds = seconds,
        total_seconds = seconds,
        max_bytes = remote.max_bytes,
        receiver = pictures_receiver(picture, remote.max_bytes)
    })
    if response == nil then
        return nil, err
    end
    return 1
end
--- Tries one address after another, until a connection is made.
local function fetch_from(remote, target, addresses, ends)
    local picture = pictures_new()
    local reason = "timeout"
    for place, address in ipairs(addresses) do
        if place > MOST_ADDRESSES then
            break
        end
        local done, err = try_at(
            remote,
            target,
            address,
            picture,
            ends
        )
        if done ~= nil then
            if picture.bytes > 0 then
                return picture
            end
            return failed("remote_failed", "The server with the image responds without a body.")
        end
        reason = err
        local not_connected = string_find(err, "^cannot connect")
        if not_connected == nil then
            break
        end
    end
    return problem_of(remote, picture, (target.host .. ": ") .. reason)
end
local function fetch_in_turn(remote, target, place, ends)
    if place.is_address then
        return fetch_from(remote, target, {place.host}, ends)
    end
    local addresses, err, is_private = look_up(
        remote.asking,
        string_lower(target.host)
    )
    if addresses ~= nil then
        return fetch_from(remote, target, addresses, ends)
    end
    if is_private then
        return failed("remote_refused", REFUSED, err)
    end
    return failed("remote_unavailable", UNAVAILABLE, err)
end
--- Fetches the image at an address, in at most `timeout` seconds. Yields. Phases: access, timer. Never raises. The problem is the client's to
-- see, but its `detail`.
local function fetch(remote, address)
    if #address > MOST_ADDRESS_BYTES then
        return failed("remote_refused", REFUSED, "the address is too long")
    end
    local target, err = http_client_parse_url(address)
    if target == nil then
        return failed("remote_refused", REFUSED, err)
    end
    local place = places_find(remote.hosts, target)
    if place == nil then
        return failed("remote_refused", REFUSED, "the server is not in the list")
    end
    local ends = clock_now() + remote.timeout
    local turn = turns_begin(ends)
    if turn == nil then
        return failed("remote_busy", BUSY)
    end
    local picture, problem = fetch_in_turn(remote, target, place, ends)
    turns_finish(turn)
    if picture == nil then
        return nil, problem
    end
    return picture
end
____exports.fetch = fetch
return ____exports
