"""Words that people ask with, and the ones that tools are named by.

A group is of words that are used for one another in names and descriptions of tools in general;
there is nothing here of single products' tools. Whoever asks with one word of a group is shown what
has another, below what has the word itself.
"""

from collections.abc import Mapping

from mcpgateway.common.search.words import words

_GROUPS = """
add create insert make new register
address location place
agenda calendar schedule
answer reply respond response
appointment booking event meeting reservation
approve accept
archive compress zip
article document page
attach upload
author creator owner
bill charge invoice
bug defect issue ticket
buy order purchase
cancel abort revoke
change edit modify rename set update
chat channel conversation room
check status test verify
clone copy duplicate
close complete finish resolve
code source
colleague employee member person people staff user
command shell terminal
comment note remark
commit revision
compare diff difference
config configuration preference setting
contact customer client
contents content read body
convert transform
cost price fee
crash error exception failure
currency money
dashboard graph chart plot
database db sql
date day
delete destroy drop erase remove
deploy deployment release rollout
desc describe description detail detail info information
discount coupon promotion
disk volume storage
directory folder path
download export
email mail
enable activate start
disable deactivate
execute invoke launch run
fetch get load read retrieve show view
file document
find lookup query search
forecast weather
forward redirect
function lambda
grant permit permission access
group team
host machine server instance vm
image photo picture
job pipeline workflow build
join merge combine
journal history log
key secret credential password
label tag
link url
list enumerate all every
message post text
metric measure monitor
mute silence
node server
org organisation organization company
pay payment
pdf document
pod container
postpone reschedule move
price quote
publish share
pr pull merge
refund reimburse
remind reminder alarm notification alert
repo repository
restart reboot
revert rollback undo
route direction navigation
row record
save store write
scale resize replica
send post publish
shipment delivery parcel
sign login
sprint iteration
stock share
stop halt kill terminate shutdown
subscribe follow watch
summarize summary
table spreadsheet sheet
task todo
time clock hour
timezone zone
translate translation
travel trip
website web site page
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
