-- Stores a message and tells of it, once for each id. Answers {epoch, offset, time, 1 if it was stored before}.
--
-- KEYS  meta, stream, id, channel
-- ARGV  fresh, seen epoch, seen offset, events kept, cutoff, lifetime, prefix and suffix of the frame, time in ms,
--       seconds for which the id is remembered
local fresh, seen_epoch, seen_offset, kept, cutoff, lifetime, prefix, suffix, time, window = unpack(ARGV)
local name, epoch, latest, length = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)

local known, then_ = stored(KEYS[3], name)
if known then
  return { epoch, known, then_, 1 }
end
local offset = append(
  KEYS[1], KEYS[2], KEYS[4], epoch, latest, length, prefix, suffix, time, kept, cutoff, lifetime)
redis.call('SET', KEYS[3], name .. ' ' .. offset .. ' ' .. time, 'EX', window)
return { epoch, offset, time, 0 }
