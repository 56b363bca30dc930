local ____exports = {}
local error = error
local ipairs = ipairs
local pcall = pcall
local tonumber = tonumber
local tostring = tostring
local type = type
local string_format = string.format
local string_lower = string.lower
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_beginning = problem.beginning
local problem_child = problem.child
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local files = require("resty.openclaw.core.files.files")
local files_beginning = files.beginning
local secret_file = require("resty.openclaw.core.files.secret_file")
local secret_file_read = secret_file.read
local http_target = require("resty.openclaw.http_client.target")
local http_target_is_host = http_target.is_host
local http_target_is_port = http_target.is_port
local http_target_is_unix_socket = http_target.is_unix_socket
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
local endpoints_HOST = endpoints.HOST
local endpoints_PORT = endpoints.PORT
local endpoints_SOCKET_PATH = endpoints.SOCKET_PATH
local endpoints_add_no_host = endpoints.add_no_host
local endpoints_check_one_place = endpoints.check_one_place
local endpoints_of = endpoints.of
local endpoints_tls = endpoints.tls
--- OpenResty has the library under the first name, Debian's package under the second.
local LIBRARIES = {"resty.redis", "nginx.redis"}
local PORT = 6379
local MOST_PASSWORD_BYTES = 4096
--- A secret in the configuration. An invalid one is not shown.
local PASSWORD = {
    name = "string",
    read = function(given, path, problems)
        if type(given) ~= "string" or given == "" then
            problems[#problems + 1] = path .. " must be a non-empty string"
        end
        return given
    end
}
--- A host with its port.
local HOST_AND_PORT = {
    name = "string",
    read = function(given, path, problems)
        local host, digits = string_match(
            type(given) == "string" and given or "",
            "^(.+):(%d+)$"
        )
        local port = tonumber(digits) or 0
        if host == nil or not http_target_is_host(host) or not http_target_is_port(port) then
            endpoints_add_no_host(problems, path, "a host with its port, like \"10.0.0.1:6379\"", given)
            return {host = "", port = port}
        end
        return {
            host = string_lower(host),
            port = port
        }
    end
}
--- The options that `create` reads.
local SCHEMA = {
    host = option(endpoints_HOST, "127.0.0.1", "a name, an IPv4 address, or an IPv6 address in brackets"),
    port = option(endpoints_PORT, PORT, "its port"),
    path = optional(endpoints_SOCKET_PATH, "a unix socket instead"),
    username = optional(kinds.text, "user name; without it, the default user"),
    password = optional(PASSWORD, "the password, which is never logged"),
    password_file = optional(kinds.secret_file, "the absolute path of a file whose first line is the password, read anew for each batch; workers must be able to read it, and not all users may"),
    hosts = optional(
        kinds_list_of(HOST_AND_PORT),
        "instead of `host` and `port`: `{ \"10.0.0.1:6379\", \"10.0.0.2:6379\" }`, the nodes of a cluster, or a server and its replicas"
    ),
    database = option(
        kinds_whole(0),
        0,
        "the database; a cluster has only 0"
    ),
    ssl = option(kinds.flag, false, "whether to use TLS"),
    ssl_verify = option(kinds.flag, true, "whether the server's certificate must be trusted and match the name"),
    ssl_server_name = computed(kinds.text, "`host`", "that name; required with an address that is verified"),
    connect_seconds = option(kinds.positive, 1, "timeout for connecting"),
    timeout_seconds = option(kinds.positive, 5, "timeout of one attempt"),
    keepalive_seconds = option(kinds.positive, 60, "how long an idle connection is kept; connections are shared only with equal credentials")
}
____exports.SCHEMA = SCHEMA
--- Adds to the problems where options contradict each other. Phases: init.
local function check(given, path, problems)
    local ____given_0 = given
    local hosts = ____given_0.hosts
    local username = ____given_0.username
    local password = ____given_0.password
    local password_file = ____given_0.password_file
    local beginning = problem_beginning(path)
    if hosts == nil then
        endpoints_check_one_place(given, path, problems)
    elseif given.host ~= nil or given.port ~= nil or given.path ~= nil then
        problems[#problems + 1] = beginning .. " \"hosts\" names all of them, so there is no \"host\", \"port\" or \"path\" beside it"
    end
    if password ~= nil and password_file ~= nil then
        problems[#problems + 1] = beginning .. " \"password\" and \"password_file\" cannot both be given"
    end
    if username ~= nil and password == nil and password_file == nil then
        problems[#problems + 1] = beginning .. " \"username\" needs \"password\" or \"password_file\""
    end
end
____exports.check = check
local function find_library(path)
    for ____, name in ipairs(LIBRARIES) do
        local found, library = pcall(require, name)
        if found then
            return library
        end
    end
    return error(
        problem_beginning(path) .. " redis_stream needs lua-resty-redis, which Debian has in the package lua-nginx-redis",
        0
    )
end
--- The first line of a file. On failure nil and why, which never shows the contents.
local function read_password(path)
    local text, err = files_beginning(path, MOST_PASSWORD_BYTES)
    if text == nil then
        return nil, "cannot read the password file: " .. err
    end
    local password = string_match(text, "^[^\r\n]+")
    if password == nil then
        return nil, "the password file is empty"
    end
    return password
end
--- Raises where the file is not usable. The password itself is read when it is needed, as the file may change.
local function check_password_file(path, file)
    if secret_file_read(path, file, MOST_PASSWORD_BYTES) == "" then
        error(((path .. ": ") .. file) .. " is empty", 0)
    end
end
--- The servers of `hosts`, or the one of `host`, `port` or `path`.
local function servers_of(options, path)
    local servers = {}
    for ____, endpoint in ipairs(options.hosts or ({endpoints_of(options)})) do
        servers[#servers + 1] = {
            endpoint = endpoint,
            tls = options.ssl and endpoints_tls(options, endpoint, path) or nil
        }
    end
    return servers
end
--- The servers and how to authenticate. Phases: init. Raises when options contradict each other, or the library or password file is missing.
local function create(options, path)
    local library = find_library(path)
    local servers = servers_of(options, path)
    local ____options_1 = options
    local username = ____options_1.username
    local password = ____options_1.password
    local password_file = ____options_1.password_file
    if password_file ~= nil then
        check_password_file(
            problem_child(path, "password_file"),
            password_file
        )
    end
    return {
        library = library,
        servers = servers,
        current = 0,
        username = username,
        password = password,
        password_file = password_file,
        database = options.database,
        connect_ms = options.connect_seconds * 1000,
        timeout_ms = options.timeout_seconds * 1000,
        keepalive_ms = options.keepalive_seconds * 1000
    }
end
____exports.new = create
--- Only connections with the same credentials are shared. The name has no secret in it, only its digest.
local function pool_of(redis, server, password)
    local secret = ngx.md5(((redis.username or "") .. "\n") .. (password or ""))
    local tls = server.tls == nil and "" or (tostring(server.tls.ssl_verify) .. " ") .. (server.tls.ssl_server_name or "")
    local ____server_endpoint_2 = server.endpoint
    local host = ____server_endpoint_2.host
    local port = ____server_endpoint_2.port
    return (string_format(
        "openclaw redis %s %d %d %s %s",
        host,
        port,
        redis.database,
        tls,
        secret
    ))
end
--- Prepares a new connection: TLS, authentication, database.
local function sign_in(redis, server, client, password)
    if server.tls ~= nil then
        local ____server_tls_3 = server.tls
        local ssl_server_name = ____server_tls_3.ssl_server_name
        local ssl_verify = ____server_tls_3.ssl_verify
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
--- The index of the server that a redirection names; nothing where it is not configured. Phases: any.
local function index_of(redis, from, redirection)
    local host = redirection.host == "" and redis.servers[from + 1].endpoint.host or string_lower(redirection.host)
    for number, server in ipairs(redis.servers) do
        if server.endpoint.host == host and server.endpoint.port == redirection.port then
            return number - 1
        end
    end
    return nil
end
____exports.index_of = index_of
--- Tries the next server first from now on. Phases: any.
local function use_next_server(redis)
    redis.current = (redis.current + 1) % #redis.servers
end
____exports.use_next_server = use_next_server
--- A connected and authenticated client. On failure nil and why. Phases: timer.
local function open(redis, index)
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
    local server = redis.servers[index + 1]
    local ____server_endpoint_4 = server.endpoint
    local host = ____server_endpoint_4.host
    local port = ____server_endpoint_4.port
    local pool = pool_of(redis, server, password)
    client._sock:settimeouts(redis.connect_ms, redis.timeout_ms, redis.timeout_ms)
    local connected, connect_err = unpack(
        http_target_is_unix_socket(host) and ({client:connect(host, {pool = pool})}) or ({client:connect(host, port, {pool = pool})}),
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
    local ready, ready_err = sign_in(redis, server, client, password)
    if ready == nil then
        client:close()
        return nil, ready_err
    end
    return client
end
____exports.open = open
--- Keeps a connection alive for the next batch; all of its replies must have been read. Phases: timer.
local function leave(redis, client)
    if ngx.worker.exiting() then
        client:close()
    else
        client:set_keepalive(redis.keepalive_ms, 1)
    end
end
____exports.leave = leave
return ____exports
