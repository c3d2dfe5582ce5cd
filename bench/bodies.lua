-- wrk script: posts the lines of the file $BODIES in turn, so that bodies differ, with the API key $KEY if there is one.
local bodies = {}
for line in io.lines(os.getenv("BODIES")) do
  bodies[#bodies + 1] = line
end
local sent = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
if os.getenv("KEY") then
  wrk.headers["X-Api-Key"] = os.getenv("KEY")
end

function request()
  sent = sent + 1
  return wrk.format(nil, nil, nil, bodies[sent % #bodies + 1])
end
