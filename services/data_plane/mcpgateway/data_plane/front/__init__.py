"""The front: an optional process before several replicas, which keeps the connections of clients
and spreads their requests.

A replica that dies takes its connections with it. Behind a front those are the front's: what may
run twice it sends to another replica, of the rest it says that nobody knows. It opens no session
and judges no caller: replicas do, each by itself.
"""
