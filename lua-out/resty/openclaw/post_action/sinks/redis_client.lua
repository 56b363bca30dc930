local ____exports = {}
local files = require("resty.openclaw.files")
local http_target = require("resty.openclaw.http_client.target")
local read = require("resty.openclaw.options")
local secret_file = require("resty.openclaw.secret_file")
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
--- The options that `create` reads.
____exports.OPTIONS = {
    "host",
    "port",
    "path",
    "hosts",
    "username",
    "password",
    "password_file",
    "database",
    "ssl",
    "ssl_verify",
    "ssl_server_name",
    "connect_seconds",
    "timeout_seconds",
    "keepalive_seconds"
}
--- OpenResty has the library under the first name, Debian's package under the second.
local LIBRARIES = {"resty.redis", "nginx.redis"}
local PORT = 6379
local MOST_PASSWORD_BYTES = 4096
local function find_library(owner)
    for ____, name in ipairs(LIBRARIES) do
        local found, library = pcall(require, name)
        if found then
            return library
        end
    end
    return error(owner .. ": redis_stream needs lua-resty-redis, which Debian has in the package lua-nginx-redis", 0)
end
--- The first line of a file. Nil and why, which never shows what stands there.
local function read_password(path)
    local text, err = files.beginning(path, MOST_PASSWORD_BYTES)
    if text == nil then
        return nil, "cannot read the password file: " .. err
    end
    local password = string.match(text, "^[^\r\n]+")
    if password == nil then
        return nil, "the password file is empty"
    end
    return password
end
local function password_of(owner, options)
    local password = options.password
    if password == nil then
        return nil
    end
    if type(password) ~= "string" or password == "" then
        error(owner .. ": \"password\" must be a text", 0)
    end
    if options.password_file ~= nil then
        error(owner .. ": either \"password\" or \"password_file\", not both", 0)
    end
    return password
end
--- The file that holds the password, or none. It is read here for its checks alone: it may change until it is needed.
local function password_file_of(owner, options)
    local path = options.password_file
    if path == nil then
        return nil
    end
    local found = secret_file.read(owner .. ": \"password_file\"", path, MOST_PASSWORD_BYTES)
    if found == "" then
        error(((owner .. ": \"password_file\" ") .. path) .. " is empty", 0)
    end
    return path
end
local function place_of(owner, options, endpoint)
    return {
        endpoint = endpoint,
        tls = read.flag(owner, options, "ssl", false) and endpoints.tls(owner, options, endpoint) or nil
    }
end
--- The hosts there are: those of `hosts`, or the only one.
local function places_of(owner, options)
    if options.hosts == nil then
        return {place_of(
            owner,
            options,
            endpoints.anywhere(owner, options, "127.0.0.1", PORT)
        )}
    end
    if options.host ~= nil or options.port ~= nil or options.path ~= nil then
        error(owner .. ": \"hosts\" names all of them, so there is no \"host\", \"port\" or \"path\" beside it", 0)
    end
    local places = {}
    for ____, entry in ipairs(read.list(owner, options, "hosts")) do
        local host, digits = string.match(
            type(entry) == "string" and entry or "",
            "^(.+):(%d+)$"
        )
        local port = tonumber(digits) or 0
        if host == nil or not http_target.is_host(host) or not http_target.is_port(port) then
            read.refuse(owner, "hosts", "a list of hosts with ports, as in { \"10.0.0.1:6379\" }", entry)
        end
        places[#places + 1] = place_of(
            owner,
            options,
            {
                host = string.lower(host),
                port = port
            }
        )
    end
    return places
end
--- Where Redis is and how to sign in there. Phases: init. Raises when an option is wrong or the library is missing.
local function create(owner, options)
    local library = find_library(owner)
    local places = places_of(owner, options)
    local password = password_of(owner, options)
    local password_file = password_file_of(owner, options)
    local username
    if options.username ~= nil then
        username = read.text(owner, options, "username")
        if password == nil and password_file == nil then
            error(owner .. ": \"username\" needs \"password\" or \"password_file\"", 0)
        end
    end
    return {
        library = library,
        places = places,
        at = 0,
        username = username,
        password = password,
        password_file = password_file,
        database = read.whole(
            owner,
            options,
            "database",
            0,
            0
        ),
        connect_ms = read.positive(owner, options, "connect_seconds", 1) * 1000,
        timeout_ms = read.positive(owner, options, "timeout_seconds", 5) * 1000,
        keepalive_ms = read.positive(owner, options, "keepalive_seconds", 60) * 1000
    }
end
____exports.new = create
--- Connections are only shared by those who sign in alike. The name has no secret in it, only its digest.
local function pool_of(redis, place, password)
    local secret = ngx.md5(((redis.username or "") .. "\n") .. (password or ""))
    local tls = place.tls == nil and "" or (tostring(place.tls.ssl_verify) .. " ") .. (place.tls.ssl_server_name or "")
    local ____place_endpoint_0 = place.endpoint
    local host = ____place_endpoint_0.host
    local port = ____place_endpoint_0.port
    return string.format(
        "openclaw redis %s %d %d %s %s",
        host,
        port,
        redis.database,
        tls,
        secret
    )
end
--- What has to be said on a new connection before anything else.
local function sign_in(redis, place, client, password)
    if place.tls ~= nil then
        local ____place_tls_1 = place.tls
        local ssl_server_name = ____place_tls_1.ssl_server_name
        local ssl_verify = ____place_tls_1.ssl_verify
        local agreed, tls_err = client._sock:sslhandshake(false, ssl_server_name, ssl_verify)
        if agreed ~= true then
            return nil, "no TLS: " .. tostring(tls_err)
        end
    end
    if password ~= nil then
        local known, auth_err = unpack(
            redis.username == nil and ({client:auth(password)}) or ({client:auth(redis.username, password)}),
            1,
            2
        )
        if not known then
            return nil, "cannot sign in: " .. tostring(auth_err)
        end
    end
    if redis.database > 0 then
        local selected, select_err = client:select(redis.database)
        if not selected then
            return nil, "cannot select the database: " .. tostring(select_err)
        end
    end
    return true
end
--- Which of the hosts a redirection names, as an index; nothing where it is none of those given. Phases: any.
function ____exports.index_of(redis, from, redirection)
    local host = redirection.host == "" and redis.places[from + 1].endpoint.host or string.lower(redirection.host)
    for number, place in ipairs(redis.places) do
        if place.endpoint.host == host and place.endpoint.port == redirection.port then
            return number - 1
        end
    end
    return nil
end
--- Lets the next host be asked first from now on. Phases: any.
function ____exports.go_on(redis)
    redis.at = (redis.at + 1) % #redis.places
end
--- A client on a connection to a host, ready for commands. On failure nil and why. Phases: timer.
function ____exports.open(redis, index)
    local password = redis.password
    if redis.password_file ~= nil then
        local found, file_err = read_password(redis.password_file)
        if found == nil then
            return nil, file_err
        end
        password = found
    end
    local client, err = redis.library.new(redis.library)
    if client == nil then
        return nil, err
    end
    local place = redis.places[index + 1]
    local ____place_endpoint_2 = place.endpoint
    local host = ____place_endpoint_2.host
    local port = ____place_endpoint_2.port
    local pool = pool_of(redis, place, password)
    client._sock:settimeouts(redis.connect_ms, redis.timeout_ms, redis.timeout_ms)
    local connected, connect_err = unpack(
        http_target.is_unix_socket(host) and ({client:connect(host, {pool = pool})}) or ({client:connect(host, port, {pool = pool})}),
        1,
        2
    )
    if connected == nil then
        return nil, "cannot connect: " .. connect_err
    end
    local times = client:get_reused_times()
    if times ~= nil and times > 0 then
        return client
    end
    local ready, ready_err = sign_in(redis, place, client, password)
    if ready == nil then
        client:close()
        return nil, ready_err
    end
    return client
end
--- Keeps a connection for the next batch; its replies must all be read. Phases: timer.
function ____exports.leave(redis, client)
    if ngx.worker.exiting() then
        client:close()
    else
        client:set_keepalive(redis.keepalive_ms, 1)
    end
end
return ____exports
