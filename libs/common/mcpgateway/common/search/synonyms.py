"""Words that people ask with, and the ones that tools are named by.

A group is of words that are used for one another in names and descriptions of tools in general;
there is nothing here of single products' tools. Whoever asks with one word of a group is shown what
has another, below what has the word itself.
"""

from collections.abc import Mapping

from mcpgateway.common.search.words import words

_GROUPS = """
absence holiday leave vacation
accept approve confirm
account user login
activate enable start switch turn
add append create insert make open register
address location place
agenda calendar schedule
alarm alert notification remind reminder warning
aloud say speak speech spoken voice
amount number quantity count level stock
announce message notify post publish send tell
answer reply respond response
api endpoint
appointment booking event meeting reservation reserve
archive compress zip
article document page paper
attach upload put
audio music playback recording song sound track
author creator owner
autumn date day month today tomorrow week year
backup snapshot
bill charge invoice
book reserve reservation
browser page site web website
bug defect error issue ticket
buy order purchase
calculate calculation compute evaluate math
call invoke
cancel abort end revoke stop
card credit
change edit modify replace set update
channel chat conversation room
check status test verify
city place town
clear delete destroy drop erase purge remove
click press tap
clone copy duplicate
close complete done finish resolve
code source
cold heat humidity rain snow sunny temperature warm warmer weather wind
colleague employee member people person staff team user
column field
combine join merge
command shell terminal
comment note remark
commit revision version
compare diff difference
config configuration preference setting
connect link
contact client customer
container pod
contract document
convert exchange transform translate
cost expense fee price spend spending usage value worth
crash error exception failure
create draw generate make
cron schedule
currency dollar eur euro money pound usd yen
dashboard graph chart plot
database db sql
deactivate disable
delay late
deploy deployment release rollout apply
desc describe description detail explain info information
dimension large size small smaller big
dinner food lunch meal restaurant
direction drive navigation route way
discount coupon promotion
disk volume storage
directory folder path
door lock
download export fetch get load read retrieve show view open
email mail
execute invoke kick launch run start trigger
extract parse
fact observation
file document
find lookup query search
flight plane airplane ticket
forecast weather
forward redirect
available busy free freebusy
function lambda
git repo repository
grant permit permission access share
group team
gpu machine host instance server vm
image photo picture
infrastructure terraform
internet web online
inventory stock
invitation invite
job pipeline workflow build
journal history log
json yaml manifest
k8s kubernetes
key secret credential password token
kill stop halt terminate shutdown shut
label tag
lamp light
language locale
link url
list enumerate all every
log logs
measure metric
mobile phone sms
mute silence
node server
org organisation organization company
outage incident
parcel package shipment delivery
pay payment
pause stop hold
postpone reschedule move update
pr pull merge
quote price
record row entry
refund reimburse money
relation relationship
rename move
restart reboot rerun retry
revert rollback roll undo back
rss feed news
save store write
scale resize replica
schema table
serverless lambda
share stock
sign login signature
sprint iteration
subscribe subscription
subscribe follow watch
subtitle caption transcript transcribe
summarize summary
table spreadsheet sheet
task todo
time clock hour timezone
translation translate
travel trip
vulnerability security cve
visitor traffic analytic
wiki confluence wikipedia
"""


def _made() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _GROUPS.split("\n"):
        group = words(line)
        for word in group:
            found.setdefault(word, set()).update(group)
    return {word: frozenset(group - {word}) for word, group in found.items()}


SYNONYMS: Mapping[str, frozenset[str]] = _made()
"""Stems, by stem."""
