"""aiosmtpd's own Proxy handler, with the arguments that its command line wants of one."""
from aiosmtpd.handlers import Proxy


class Relay(Proxy):
    @classmethod
    def from_cli(cls, parser, host, port):
        return cls(host, int(port))
