#!/bin/bash
# Exit status 0 open, 1 closed, 3 nobody knows. Bash 5 alone, no other program. Usage: gate.sh /run/.../live.json
LC_ALL=C
field() { [[ $text =~ \"$1\":\ ([^,}]*) ]] && value=${BASH_REMATCH[1]}; }
ms() { # seconds with a fraction, as whole milliseconds
  [[ $1 =~ ^([0-9]+)(\.([0-9]*))?$ ]] || exit 3
  value=${BASH_REMATCH[3]}000
  value=$((10#${BASH_REMATCH[1]} * 1000 + 10#${value:0:3}))
}
left() { # milliseconds that the lease in field $1 has left at the moment $2
  field "$1" || exit 3
  ms "$value"; until=$value
  ms "$2"; value=$((until - value))
  ((value > 0 && value <= 2500)) || exit 3
}
{ text=$(<"$1"); } 2>/dev/null || exit 3
[[ $text == "{"*"}" ]] || exit 3 # half a file
read -r up _ </proc/uptime
left valid_until_realtime "$EPOCHREALTIME"
left valid_until_boottime "$up"
field open || exit 3
case $value in true) exit 0 ;; false) exit 1 ;; *) exit 3 ;; esac
