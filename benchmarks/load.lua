-- For wrk: sends the requests of a file in turn, each line a request target and an Accept header.
-- With a number to begin from, the number is put behind each target and grows: no request is sent twice.

local requests, at, number = {}, 0, nil

function init(arguments)
  number = tonumber(arguments[2])
  for line in io.lines(arguments[1]) do
    local target, accept = line:match("^(%S+)\t(.+)$")
    local rest = " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port .. "\r\nAccept: " .. accept .. "\r\n\r\n"
    requests[#requests + 1] = { "GET " .. target, rest }
  end
end

function request()
  at = at % #requests + 1
  if not number then
    return requests[at][1] .. requests[at][2]
  end
  number = number + 1
  return requests[at][1] .. number .. requests[at][2]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"answers": %d, "failed": %d, "seconds": %f, "p50": %f, "p99": %f}\n', summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
