-- Put behind room.lua, before every script that writes to a room's stream.

-- Answers the offset and the time of the event that was stored under an id, if it was stored in this stream.
local function stored(id, name)
  local known = redis.call('GET', id)
  if known then
    local stream, offset, time = string.match(known, '^(%S+) (%S+) (%S+)$')
    if stream == name then
      return offset, time
    end
  end
end

-- Stores an event behind `latest`, and tells of it. `lifetime` is how many seconds the stream outlives it, '0' for
-- ever. Answers its offset.
local function append(meta, stream, channel, epoch, latest, length, prefix, suffix, time, kept, cutoff, lifetime)
  local offset = text(latest + 1)
  local frame = prefix .. offset .. suffix
  redis.call('RPUSH', stream, time .. ' 0 0\n' .. frame)
  redis.call('HSET', meta, 'offset', offset)
  trim(stream, length + 1, kept, cutoff)
  if lifetime ~= '0' then
    redis.call('EXPIRE', stream, lifetime)
    redis.call('EXPIRE', meta, lifetime)
  elseif latest == 0 then
    -- See history.lua: a room that is written to is not forgotten.
    redis.call('PERSIST', meta)
  end
  redis.call('SPUBLISH', channel, 'message ' .. epoch .. ' ' .. offset .. '\n' .. frame)
  return offset
end
