-- Stores a message and tells of it, once for each id. Answers {epoch, offset, time, 1 if it was stored before}.
--
-- KEYS  meta, stream, id, channel
-- ARGV  fresh, seen epoch, seen offset, prefix and suffix of the frame, time in ms, messages kept,
--       seconds for which the id is remembered
local fresh, seen_epoch, seen_offset, prefix, suffix, time, kept, window = unpack(ARGV)
local name, epoch, latest = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)

local known = redis.call('GET', KEYS[3])
if known then
  local stream, offset, stored = string.match(known, '^(%S+) (%S+) (%S+)$')
  if stream == name then
    return { epoch, offset, stored, 1 }
  end
end

local offset = text(latest + 1)
local frame = prefix .. offset .. suffix
-- '~' trims whole nodes of the stream, which costs next to nothing; up to a node (100 messages) more is kept.
redis.call('XADD', KEYS[2], 'MAXLEN', '~', kept, offset .. '-0', 'f', frame)
redis.call('HSET', KEYS[1], 'offset', offset)
if latest == 0 then
  -- See history.lua: a room that is written to is not forgotten.
  redis.call('PERSIST', KEYS[1])
end
redis.call('SET', KEYS[3], name .. ' ' .. offset .. ' ' .. time, 'EX', window)
redis.call('SPUBLISH', KEYS[4], 'message ' .. epoch .. ' ' .. offset .. '\n' .. frame)
return { epoch, offset, time, 0 }
