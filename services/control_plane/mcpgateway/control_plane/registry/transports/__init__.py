"""What each transport needs beside a URL: `Upstream.transport_options`, read and judged. Pure."""
