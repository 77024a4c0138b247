-- Answers a room as somebody sees it, or {} if there is none for them:
-- {role or '', created or '', title, topic, how many are there, epoch, latest offset, read up to, how many unread, how
-- many have a role in a room by invitation, then user and name of the first of them who is another}.
--
-- KEYS  meta, stream, members, roles, settings
-- ARGV  fresh, seen epoch, seen offset, events kept, cutoff, lifetime, who asks, '1' for a room by invitation, the
--       epoch and offset of what was read last, how many unread are counted
local fresh, seen_epoch, seen_offset, kept, cutoff, _, user, closed, read_epoch, read, most = unpack(ARGV)
local meta, stream, members, roles, settings = unpack(KEYS)
if not may(roles, user, closed) or redis.call('EXISTS', stream, members, settings) == 0 then
  return {}
end

local set = redis.call('HMGET', settings, 'created', 'title', 'topic')
local _, epoch, latest, length = life(meta, stream, fresh, seen_epoch, seen_offset)
local readable
length, readable = trim(stream, length, kept, cutoff)
read = read_epoch == epoch and math.min(tonumber(read), latest) or 0
local answer = {
  role_of(roles, user) or '', set[1] or '', set[2] or '', set[3] or '', redis.call('HLEN', members), epoch,
  text(latest), text(read), 0, 0,
}

-- What somebody else said and did not take back, see `is_unread` in engine/rooms.rs.
local own, unread = '"user":{"id":"' .. user .. '"', 0
local index = readable > 0 and math.max(0, read - (latest - length)) or length
local last_looked = index + 10 * tonumber(most)
while index < length and index < last_looked and unread < tonumber(most) do
  for _, entry in ipairs(redis.call('LRANGE', stream, index, index + 99)) do
    local frame = string.find(entry, '\n', 1, true) + 1
    if string.find(entry, '{"type":"message"', frame, true) == frame and not string.find(entry, own, frame, true) then
      unread = unread + 1
    end
  end
  index = index + 100
end
answer[9] = math.min(unread, tonumber(most))

if closed == '1' then
  local all = redis.call('HGETALL', roles)
  answer[10] = #all / 2
  for i = 1, #all, 2 do
    if all[i] ~= user then
      answer[11], answer[12] = all[i], string.match(all[i + 1], '\n(.*)$')
      break
    end
  end
end
return answer
