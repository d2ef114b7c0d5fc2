"""Marks a picture as AI-made and drops metadata that could hold a prompt, pixels untouched.

The mark is IPTC's Digital Source Type in an XMP packet (IPTC Photo Metadata Standard; XMP
Specification Part 3 says where each format keeps the packet). It never holds a prompt.
"""

from io import BytesIO
from xml.sax.saxutils import escape

from PIL import Image

from core.imaging.containers import jpeg_with_xmp, png_with_xmp, webp_with_xmp

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_AVIF_QUALITY = 90
# The encoder's default speed takes a second for a megapixel; 8 takes a tenth of one.
_AVIF_SPEED = 8


def packet(generator: str) -> bytes:
    """The XMP packet, UTF-8."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        f"<xmp:CreatorTool>Mirage ({escape(generator)})</xmp:CreatorTool>"
        f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    ).encode()


def marked(raw: bytes, kind: str, image: Image.Image, generator: str) -> bytes:
    """``raw`` with the mark and without other metadata. Raises PictureBroken."""
    xmp = packet(generator)
    match kind:
        case "PNG":
            return png_with_xmp(raw, xmp)
        case "JPEG":
            return jpeg_with_xmp(raw, xmp)
        case "WEBP":
            return webp_with_xmp(raw, xmp, image.size, alpha=image.has_transparency_data)
    return _avif_anew(image, xmp)


def _avif_anew(image: Image.Image, xmp: bytes) -> bytes:
    """AVIF keeps offsets into itself, so Pillow writes it anew: the one lossy case."""
    buffer = BytesIO()
    profile = image.info.get("icc_profile")
    image.save(
        buffer,
        "AVIF",
        quality=_AVIF_QUALITY,
        speed=_AVIF_SPEED,
        icc_profile=profile,
        exif=b"",
        xmp=xmp,
    )
    return buffer.getvalue()
