-- Puts a room on a user's list, and how far the user has read there, which never goes back in an epoch. Answers the
-- offset up to which is read, or -1 if the list is full.
--
-- KEYS  the list: a hash of room -> '<epoch> <offset>', or '' where nothing was read
-- ARGV  room, epoch or '', offset, how many rooms at most, seconds for which the list outlives its last use
local room, epoch, offset, most, lifetime = unpack(ARGV)
local known = redis.call('HGET', KEYS[1], room)
if not known and redis.call('HLEN', KEYS[1]) >= tonumber(most) then
  return -1
end
local read_epoch, read = string.match(known or '', '^(%S+) (%d+)$')
if epoch == '' then
  redis.call('HSETNX', KEYS[1], room, '')
elseif read_epoch == epoch and tonumber(read) >= tonumber(offset) then
  offset = read
else
  redis.call('HSET', KEYS[1], room, epoch .. ' ' .. offset)
end
redis.call('EXPIRE', KEYS[1], lifetime)
return tonumber(offset)
