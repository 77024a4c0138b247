-- Stores a message and tells of it, once for each id. Answers {epoch, offset, time, 1 if it was stored before}; with
-- '' for the epoch if its sender may not be in the room.
--
-- KEYS  meta, stream, id, channel, roles
-- ARGV  fresh, seen epoch, seen offset, events kept, cutoff, lifetime, prefix and suffix of the frame, time in ms,
--       seconds for which the id is remembered, who sends it, '1' for a room by invitation
local fresh, seen_epoch, seen_offset, kept, cutoff, lifetime, prefix, suffix, time, window, user,
  closed = unpack(ARGV)
if not may(KEYS[5], user, closed) then
  return { '', '0', '0', 0 }
end
local name, epoch, latest, length = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)

local known, then_ = stored(KEYS[3], name)
if known then
  return { epoch, known, then_, 1 }
end
local offset = append(
  KEYS[1], KEYS[2], KEYS[4], epoch, latest, length, prefix, suffix, time, kept, cutoff, lifetime)
redis.call('SET', KEYS[3], name .. ' ' .. offset .. ' ' .. time, 'EX', window)
return { epoch, offset, time, 0 }
