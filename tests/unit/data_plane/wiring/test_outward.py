"""What upstreams are kept from."""

from mcpgateway.data_plane.wiring.outward import service_ports
from support.data_plane import settings


def test_upstreams_can_not_be_the_services_behind_the_edge_on_this_machine() -> None:
    urls = {
        "MCPGATEWAY_CONTROL_PLANE_URL": "http://127.0.0.1:5001",
        "MCPGATEWAY_ADMIN_URL": "http://admin.example:5002",
    }
    assert service_ports(settings(**urls)) == [5001]
