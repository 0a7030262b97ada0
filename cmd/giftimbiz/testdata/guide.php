<?php
$url = getenv("BASE_URL") . "/api/v1/giftimbiz/cateGift";
$header = [
  "Content-Type: application/json",
  "Access-Token: " . getenv("ACCESS_TOKEN"),
  "Refresh-Token: " . getenv("REFRESH_TOKEN"),
  "Partnerkey: " . getenv("PARTNERKEY"),
  "Partnertoken: " . getenv("PARTNERTOKEN"),
];

$data["partner_id"] = getenv("PARTNER_ID");
$data["CODE"] = "1";
$data["BCODE"] = "";

$ch = curl_init();
curl_setopt($ch, CURLOPT_URL, $url);
curl_setopt($ch, CURLOPT_HTTPHEADER, $header);
curl_setopt($ch, CURLOPT_POST, true);
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, true);
curl_setopt($ch, CURLOPT_POSTFIELDS, $data);
$response = curl_exec($ch);
$load_string = $response;
curl_close($ch);
echo $load_string;
