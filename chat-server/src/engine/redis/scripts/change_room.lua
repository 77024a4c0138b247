-- Gives a room another title or topic, and stores the event that tells of it. Answers 'none', 'denied' or 'ok'.
--
-- KEYS  as charter.lua
-- ARGV  fresh, seen epoch, seen offset, events kept, cutoff, lifetime, prefix and suffix of the event, time in ms, who
--       asks, '1' for a room by invitation, then the fields that change with their values
local fresh, seen_epoch, seen_offset, kept, cutoff, lifetime, prefix, suffix, time, by, closed = unpack(ARGV)
local roles, settings = KEYS[4], KEYS[5]
if not is_there(by, closed) then
  return 'none'
elseif role_of(roles, by) ~= 'owner' then
  return 'denied'
end
redis.call('HSET', settings, unpack(ARGV, 12))
local _, epoch, latest, length = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)
append(KEYS[1], KEYS[2], KEYS[3], epoch, latest, length, prefix, suffix, time, kept, cutoff, lifetime)
return 'ok'
