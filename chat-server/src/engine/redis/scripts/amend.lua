-- Changes an event and stores the event that tells of it, if nobody changed it meanwhile. Answers as look_up.lua, or
-- {2, epoch, offset, time} if it is stored now, or {3, '', '', ''} if who asks may not be in the room.
--
-- KEYS  meta, stream, id of the change, channel, roles
-- ARGV  fresh, seen epoch, seen offset, events kept, cutoff, lifetime, prefix and suffix of the frame that tells of
--       it, time in ms, seconds for which the id is remembered, the epoch and offset of the event, the offset of the
--       last event that changed it, prefix and suffix of what takes its place, '1' if the frame that tells of it has
--       its text from now on, and '0' if nothing has, the offset of what had it until now and what takes its place,
--       or '0' and '', who asks, '1' for a room by invitation
local fresh, seen_epoch, seen_offset, kept, cutoff, lifetime, prefix, suffix, time, window, of_epoch, of, amended,
  present_prefix, present_suffix, has_text, superseded, superseded_frame, user, closed = unpack(ARGV)
if not may(KEYS[5], user, closed) then
  return { 3, '', '', '' }
end
local name, epoch, latest, length = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)
local known, then_ = stored(KEYS[3], name)
if known then
  return { 1, epoch, known, then_ }
end
local readable
length, readable = trim(KEYS[2], length, kept, cutoff)
local index = readable > 0 and index_of(of, latest, length)
local answer = found(KEYS[2], epoch, index, latest, length)
local sent, last_change, last_edit
if answer[2] ~= '' then
  sent, last_change, last_edit = header(answer[2])
end
if epoch ~= of_epoch or last_change ~= amended then
  return { 0, unpack(answer) }
end

-- In place before anything moves.
local offset = text(latest + 1)
if has_text == '1' then
  last_edit = offset
elseif superseded ~= '0' then
  last_edit = '0'
end
redis.call('LSET', KEYS[2], index,
  sent .. ' ' .. offset .. ' ' .. last_edit .. '\n' .. present_prefix .. offset .. present_suffix)
local place = superseded ~= '0' and index_of(superseded, latest, length)
if place then
  local told = header(redis.call('LINDEX', KEYS[2], place))
  redis.call('LSET', KEYS[2], place, told .. ' 0 0\n' .. superseded_frame)
end
append(KEYS[1], KEYS[2], KEYS[4], epoch, latest, length, prefix, suffix, time, kept, cutoff, lifetime)
redis.call('SET', KEYS[3], name .. ' ' .. offset .. ' ' .. time, 'EX', window)
return { 2, epoch, offset, time }
